"""Numbers over seeds, with their origin, and verdicts that follow from them.

Every number states the field and the experiments it is derived from, and how, so that a
reader can derive it again from the data of the report.
"""

import re
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy import stats

CONFIDENCE = 0.95

_PLACE = re.compile(r"\{([^{}]+)\}")

REDUCTIONS = {
    "mean": np.nanmean,
    "median": np.nanmedian,
    "max": np.nanmax,
    "min": np.nanmin,
}

# Bounds of the values of a unit, at which intervals are cut.
LIMITS = {"share": (0.0, 1.0), "area": (0.0, 1.0), "correlation": (-1.0, 1.0)}


@dataclass(frozen=True)
class Number:
    """One value for each seed: a field of the records of an experiment, reduced.

    Parameters
    ----------
    label : str
        Description for readers.
    experiment : str
        The experiment whose records have it.
    field : str
        The field of their results: a number or a list of numbers.
    where : dict
        Parameters that the records must have, such as the model.
    reduce : {"mean", "median", "max", "min"}
        Reduction of a list to one number; None in a list is left out.
    unit : str
        "share", "area", "correlation" or a word.
    minus : Number, default=None
        Number to subtract, seed by seed.
    """

    label: str
    experiment: str
    field: str
    where: dict = field(default_factory=dict)
    reduce: str = "mean"
    unit: str = "share"
    minus: "Number | None" = None

    def values(self, records):
        """One value for each seed, by seed; NaN for an empty list."""
        values = {
            record["task"]["seed"]: _reduced(record["result"][self.field], self.reduce)
            for record in matching(records, self.experiment, **self.where)
        }
        if not values:
            raise ValueError(
                f"No record of {self.experiment!r} with {self.where} for the number "
                f"{self.label!r}."
            )
        if self.minus is not None:
            other = dict(
                zip(values, self.minus.values(records), strict=True),
            )
            values = {seed: values[seed] - other[seed] for seed in values}
        return [values[seed] for seed in sorted(values)]

    def is_of(self, task):
        """Whether the record of a task is among those it is derived from."""
        if task["experiment"] == self.experiment and _has(task, self.where):
            return True
        return self.minus is not None and self.minus.is_of(task)

    def evaluate(self, records):
        """Values, mean and interval as a dict for the data of the report."""
        values = self.values(records)
        limits = LIMITS.get(self.unit, (-np.inf, np.inf))
        if self.minus is not None:
            limits = (-np.inf, np.inf)
        mean, low, high = interval(values)
        return {
            "label": self.label,
            "unit": self.unit,
            "source": _source(self),
            "values": [None if np.isnan(value) else value for value in values],
            "n": len(values),
            "mean": mean,
            "low": None if low is None else max(low, limits[0]),
            "high": None if high is None else min(high, limits[1]),
        }


def matching(records, experiment, **where):
    """Records of an experiment with these parameters, in order of their seeds."""
    found = [
        record
        for record in records
        if record["task"]["experiment"] == experiment and _has(record["task"], where)
    ]
    return sorted(found, key=lambda record: record["task"]["seed"])


def _has(task, where):
    return all(task.get(name) == where[name] for name in where)


def interval(values):
    """Mean and 95 % interval of Student's t; without interval for fewer than two."""
    values = np.array(values, dtype=float)
    if np.isnan(values).any() or not len(values):
        return None, None, None
    mean = float(values.mean())
    if len(values) < 2:
        return mean, None, None
    if (values == values[0]).all():  # without the error of summation
        return (float(values[0]),) * 3
    error = values.std(ddof=1) / np.sqrt(len(values))
    half = float(error * stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class Check:
    """One condition of a claim: where the interval of a number must lie.

    ">" and "<": the whole interval above or below the bound. "=": every value the
    bound. "like": the bound within the prediction interval, where 95 % of single runs
    with one more seed lie.
    """

    number: str
    relation: str
    bound: float

    def outcome(self, numbers):
        """Return "holds", "fails" or, if the interval has both, "open"."""
        number = numbers[self.number]
        low, high = number["low"], number["high"]
        if number["mean"] is None:
            return "fails"
        if low is None and self.relation == "like":
            return "open"  # one value says nothing about others
        if low is None:
            low = high = number["mean"]
        if self.relation == ">":
            return _outcome(low > self.bound, high <= self.bound)
        if self.relation == "<":
            return _outcome(high < self.bound, low >= self.bound)
        if self.relation == "=":
            same = all(value == self.bound for value in number["values"])
            return _outcome(same, not same)
        # An error of the mean is sd / sqrt(n), that of one more run sd * sqrt(1 + 1/n).
        reach = (high - low) / 2 * np.sqrt(number["n"] + 1)
        within = abs(self.bound - number["mean"]) <= reach
        return _outcome(within, not within)


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, and the conditions under which it holds.

    Parameters
    ----------
    name : str
        Name for references.
    figure : str
        Figures and sections of the paper it is about.
    text : str
        The claim.
    checks : tuple of Check
        It holds if all of these hold, in part if some do. If none does, it does not
        hold, or is undecided where none fails either.
    because : str
        Reason shown if it does not hold or holds in part, with ``{name}`` of numbers.
    """

    name: str
    figure: str
    text: str
    checks: tuple
    because: str = ""

    def judge(self, numbers):
        """Outcomes and verdict as a dict for the data of the report."""
        checks = [
            asdict(check) | {"outcome": check.outcome(numbers)} for check in self.checks
        ]
        verdict = _verdict({check["outcome"] for check in checks})
        return {
            "name": self.name,
            "figure": self.figure,
            "text": self.text,
            "checks": checks,
            "verdict": verdict,
            "because": self.because if verdict != "holds" else "",
        }


def shown(number):
    """Write a number as "mean [low, high]"."""
    if number["mean"] is None:
        return "none"
    text = written(number["mean"])
    if number["low"] is not None and number["low"] != number["high"]:
        text += f" [{written(number['low'])}, {written(number['high'])}]"
    return text


def in_prose(number):
    """Write a number for a sentence; shares in per cent, since "1 of them" misleads."""
    if number["unit"] != "share" or number["mean"] is None:
        return shown(number)
    percent = {
        name: None if number[name] is None else round(100 * number[name], 1)
        for name in ("mean", "low", "high")
    }
    return f"{shown(percent)} %"


def named_in(text):
    """Names of the numbers that a text has places for."""
    return _PLACE.findall(text)


def filled(text, numbers):
    """Put numbers in the places that name them."""
    return _PLACE.sub(lambda place: in_prose(numbers[place[1]]), text)


def written(value):
    """Write a value with as many digits as are meaningful."""
    size = abs(value)
    if size == round(size) or size >= 1000:
        text = f"{size:,.0f}"
    elif size < 0.0005:
        text = f"{size:.0e}"
    else:
        text = f"{size:,.{3 if size < 10 else 1}f}"
    return f"\N{MINUS SIGN}{text}" if value < 0 else text


def counted(claims):
    """State the number of claims with each verdict."""
    verdicts = [claim["verdict"] for claim in claims]
    words = {
        "holds": ("holds", "hold"),
        "in part": ("holds in part", "hold in part"),
        "does not hold": ("does not hold", "do not hold"),
        "undecided": ("is undecided", "are undecided"),
    }
    counts = [(verdicts.count(verdict), *word) for verdict, word in words.items()]
    return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)


def _reduced(values, reduce):
    values = np.atleast_1d(np.array(values, dtype=float))
    if np.isnan(values).all():
        return np.nan
    return float(REDUCTIONS[reduce](values))


def _source(number):
    source = {
        name: getattr(number, name)
        for name in ("experiment", "field", "where", "reduce")
    }
    return source | {"minus": number.minus and _source(number.minus)}


def _verdict(outcomes):
    if outcomes == {"holds"}:
        return "holds"
    if "holds" in outcomes:
        return "in part"
    return "does not hold" if "fails" in outcomes else "undecided"


def _outcome(holds, fails):
    return "holds" if holds else "fails" if fails else "open"
