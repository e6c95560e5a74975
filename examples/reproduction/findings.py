"""The findings as a page of the documentation."""

import re

from reproduction.sections import sections
from reproduction.sections.judges import DONE, SHOWN, TABLE, TITLE
from reproduction.verdicts import counted, filled, shown

_COMMAND = "python examples/reproduce_paper.py --out reproduction"
_RUN = f"{_COMMAND} --seeds 5 --jobs 2"
_PARTS = {
    "does not hold": "## What does not hold, and why",
    "in part": "## What holds in part",
    "undecided": "## What is undecided",
    "holds": "## What holds",
}

# Of the sections that have a part of their own, what the guide has on their topics.
_GUIDES = {
    "voices": "[Several voices](user_guide/voices.md)",
    "harmony": "[Harmony](user_guide/harmony.md)",
    "imposing": "[Boltzmann machines](user_guide/boltzmann.md)",
}

# Measured by other commands than this page.
_LATENTS = """\
## What a latent variable stands for

Section VI.iii: it is chosen by the network, and "can only be interpreted a
posteriori". Claims on figures 30 and 31 below test that with two latent variables. The
measures of `metrics` test it for any number:

* *Interpretable?* In a variational autoencoder that does not learn attributes the best
  latent variable explains .267 ± .014 of four attributes (interpretability), with a
  mutual information gap of .092 ± .019; with attribute regularisation (AR-VAE)
  .962 ± .003 and .390 ± .011.
* *In control?* Regularised latents, set to the value of another measure, give melodies
  that have it with a control R² of .455 ± .079, while the other attributes change by
  .098 ± .009 standard deviations (leakage): interpretable does not mean controllable.
  A search near the latent vector of a melody reaches .989 ± .004, on the model without
  attributes.

Means and standard deviations over five seeds, single measures of unseen tunes, from
[Losses compared](user_guide/attributes.md#losses-compared) in the guide, which has all
kinds of sliders and the figures of `examples/judge_sliders.py`. For one seed and 225
unseen measures of reels: [the paper's plain autoencoder beside an
attribute-regularised model](auto_examples/beyond/plot_latents_and_sliders.rst), and
[beta swept](auto_examples/beyond/plot_beta.rst): a larger beta costs reconstruction,
and no latent variable comes to represent one attribute.
"""

_LENGTHS = """\
## Melodies of any length

Section VI.iv: with a fixed number of inputs the length of the music is fixed; the way
out that it names is the recurrent encoder-decoder, with a distribution in the middle
the variational recurrent autoencoder, and with a hierarchy MusicVAE. All three are
estimators here (`RecurrentAutoencoder`, `VariationalRecurrentAutoencoder`,
`steps_per_measure`), and learn whole tunes of 8 to 32 measures in one model:

* *Do they learn sequences?* On unseen tunes they need 1.30 (flat) and 1.26 bits a step
  (by measures), given the true steps before, where an n-gram needs 1.74.
* *Is the hierarchy worth it?* At 16 measures it reconstructs .54 of the steps of unseen
  tunes, decoding from the latent vector alone, a flat model .33. At 24 to 32 measures
  no difference is shown.
* *Are they needed?* An end that is a token like any other serves the dense
  autoencoders as well, and they reconstruct more: .67 of the steps at 16 measures.
* *Are draws better?* With the forms of tunes, draws of 16 measures by the hierarchical
  model are told from unseen tunes with an AUC of .81, those of the dense one with .83,
  and those of a Markov chain with 1.00.

One seed, from [What to expect](user_guide/recurrent.md#what-to-expect) in the guide,
which has the tables of `examples/judge_whole_tunes.py`.
"""


def markdown(plan, data):
    """Write the page from a plan and the data of its report."""
    numbers = data["numbers"]
    apart = {name: sections(plan)[name] for name in _GUIDES}
    own = {claim.name for section in apart.values() for claim in section.claims}
    claims = [claim for claim in data["claims"] if claim["name"] not in own]
    lines = [
        "# The paper, reproduced",
        "",
        "*Compress to Create* shows single pictures and adjectives. One command runs "
        "its whole argument over many seeds and writes a report with every figure, the "
        "numbers behind it and the melodies to hear, in a clone of the repository "
        'after `pip install -e ".[studio]"`:',
        "",
        "```sh",
        _RUN,
        "```",
        "",
        "It can be stopped at any time and resumes; `--quick` takes a few "
        "minutes. This page is written by the same command (`--docs`).",
        "",
        f"Mean over {plan.n_seeds} seeds and 95 % interval (Student's t); "
        f"{plan.n_pairs} pairs of reels, {plan.n_starts:,} starts of recursion "
        f"and {plan.n_objective_starts} of objectives for each seed. A condition "
        "holds if its whole interval is on the right side of the bound; a claim holds "
        "if all of its conditions do, and in part if some do. The settings are the "
        "paper's, on our 75 reels and 80 sopranos; the layout of its variational "
        "autoencoder, which it does not give, is that of Keras' example of the time.",
        "",
        f"**Of {len(claims)} claims {counted(claims)}.**",
        "",
        "## The lowest h of perfect reconstruction",
        "",
        "The paper: 1,258.",
        "",
        "| setting, criterion | lowest h | each seed |",
        "|---|---|---|",
    ]
    for name, number in numbers.items():
        if name.startswith("lowest."):
            label = number["label"].removeprefix("lowest h, ")
            each = ", ".join(
                "none" if value is None else f"{value:,.0f}"
                for value in number["values"]
            )
            lines.append(f"| {label} | {shown(number)} | {each} |")
    lines += ["", "## Table 1, measured", "", "| | autoencoder | variational |"]
    lines += ["|---|---|---|"]
    by_name = {claim["name"]: claim for claim in claims}
    for row in data["table_1"]:
        cells = (
            "; ".join(_cell(by_name[name], numbers) for name in row[kind])
            for kind in ("autoencoder", "variational")
        )
        lines.append(f"| {row['approach']} | {' | '.join(cells)} |")
    lines += _judges(plan, numbers)
    lines += ["", _LATENTS.rstrip(), "", _LENGTHS.rstrip()]
    for name in apart:
        lines += ["", *_part(name, plan, data)]
    for verdict, heading in _PARTS.items():
        found = [claim for claim in claims if claim["verdict"] == verdict]
        if found:
            lines += ["", heading, ""]
        for claim in found:
            lines += _claim(claim, numbers)
    return "\n".join(lines).rstrip() + "\n"


def updated(page, plan, data):
    """Replace the parts of the sections of a plan in a page, or add them to it.

    Raises
    ------
    ValueError
        If a section has no part of its own.
    """
    others = sorted(set(plan.only) - set(_GUIDES))
    if others:
        raise ValueError(
            f"Sections without a part of their own in the page: {others}; expected "
            f"some of {list(_GUIDES)}. Run all sections to write the whole page."
        )
    for name, section in sections(plan).items():
        part = "\n".join(_part(name, plan, data)) + "\n\n"
        own = re.compile(
            rf"^## {re.escape(section.title)}\n.*?(?=^## |\Z)", re.M | re.S
        )
        if not own.search(page):
            verdicts = "|".join(map(re.escape, _PARTS.values()))
            own = re.compile(rf"^(?=(?:{verdicts})\n)", re.M)
        page = own.sub(lambda place, part=part: part, page, count=1)
    return page.rstrip() + "\n"


def _part(name, plan, data):
    """Heading, text, numbers and claims of a section, with how they were measured."""
    section = sections(plan)[name]
    numbers, names = data["numbers"], {claim.name for claim in section.claims}
    claims = [claim for claim in data["claims"] if claim["name"] in names]
    lines = [f"## {section.title}", "", filled(_plain(section.text), numbers), ""]
    if plan.only:
        chosen = f"--only {' '.join(plan.only)} --seeds {plan.n_seeds}"
        lines += [
            f"Measured apart from the rest of this page, over {plan.n_seeds} seeds, by "
            f"`{_COMMAND} {chosen}`.",
            "",
        ]
    lines += [
        f"**Of {len(claims)} claims {counted(claims)}.** More is in the guide, "
        f"{_GUIDES[name]}.",
        "",
    ]
    for table in section.tables:
        lines += [*_table(table, numbers), ""]
    for claim in claims:
        lines += _claim(claim, numbers, claim["verdict"])
    return lines


def _plain(html):
    return re.sub("<[^>]*>", "", html)


def _table(table, numbers):
    lines = [f"| | {' | '.join(table.columns)} |"]
    lines.append("|---" * (1 + len(table.columns)) + "|")
    for label, names in table.rows:
        cells = " | ".join("" if n is None else shown(numbers[n]) for n in names)
        lines.append(f"| {label} | {cells} |")
    return lines


def _judges(plan, numbers):
    lines = ["", f"## {TITLE}", "", DONE.format(n_judged=plan.n_judged), ""]
    return [*lines, filled(SHOWN, numbers), "", *_table(TABLE, numbers)]


def _cell(claim, numbers):
    text = claim["text"].split(": ", 1)[-1].rstrip(".")
    measured = ", ".join(
        f"{numbers[check['number']]['label'].split(', ', 1)[-1]} "
        f"{shown(numbers[check['number']])}"
        for check in claim["checks"]
    )
    return f"{text}: **{claim['verdict']}** ({measured})"


def _claim(claim, numbers, verdict=None):
    measured = "; ".join(
        f"{numbers[check['number']]['label']} {shown(numbers[check['number']])} "
        f"({check['relation']} {check['bound']:,}: {check['outcome']})"
        for check in claim["checks"]
    )
    judged = f" *({verdict})*" if verdict else ""
    lines = [f"* **{claim['figure']}.**{judged} {claim['text']} {measured}."]
    if claim["because"]:
        lines.append(f"  {claim['because']}")
    return lines
