"""The report: one HTML page that needs no network."""

import base64
import hashlib
import re
from html import escape
from pathlib import Path
from string import Template

import sklearn_c2c
from reproduction.pictures import svg
from reproduction.sections import sections
from reproduction.verdicts import counted, filled, shown
from sklearn_c2c.display import Melodies

_HERE = Path(__file__).parent
_SIGNS = {">": "above", "<": "below", "=": "always", "like": "one run of it"}
_OUTCOMES = {"holds": "yes", "fails": "no", "open": "undecided"}
_TEMPO = 200  # quarter notes a minute: a reel


def render(plan, data):
    """Write the report.

    Parameters
    ----------
    plan : Plan
        What was run.
    data : dict
        The result of `assemble`.

    Returns
    -------
    str
        HTML.
    """
    body = "\n".join(_section(section, data) for section in sections(plan).values())
    page = Template(_part("report.html")).substitute(
        policy="$policy",
        style=_part("report.css"),
        tally=_tally(data["claims"]),
        n_seeds=plan.n_seeds,
        summary="\n".join(_summary_row(claim, data) for claim in data["claims"]),
        table_1="\n".join(_table_1_row(row, data) for row in data["table_1"]),
        lowest=_lowest(data),
        sections=body,
        settings=_settings(plan),
        version=sklearn_c2c.__version__,
    )
    return page.replace("$policy", _policy(page), 1)


def _part(name):
    return _HERE.joinpath(name).read_text("utf-8")


def _policy(page):
    """Content security policy: only the players' script runs, nothing is fetched."""
    scripts = set(re.findall(r"<script>(.*?)</script>", page, flags=re.S))
    digests = sorted(
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in scripts
    )
    sources = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return f"{policy}; script-src {sources}" if sources else policy


def _tally(claims):
    return f"Of {len(claims)} claims {counted(claims)}."


def _chip(verdict):
    return f'<span class="chip {verdict.replace(" ", "-")}">{verdict}</span>'


def _summary_row(claim, data):
    return (
        f'<tr><td class="figure">{escape(claim["figure"])}</td>'
        f'<td><a href="#{claim["name"]}">{escape(claim["text"])}</a></td>'
        f"<td>{_chip(claim['verdict'])}</td>"
        f'<td class="number">{_decisive(claim, data["numbers"])}</td></tr>'
    )


def _decisive(claim, numbers):
    """The number of the first check that does not hold, or else of the first."""
    failing = [c for c in claim["checks"] if c["outcome"] != "holds"]
    check = (failing or claim["checks"])[0]
    number = numbers[check["number"]]
    return f"{escape(number['label'])}: <b>{shown(number)}</b>"


def _table_1_row(row, data):
    by_name = {claim["name"]: claim for claim in data["claims"]}
    cells = "".join(
        "<td>"
        + "".join(_table_1_claim(by_name[name], data["numbers"]) for name in row[kind])
        + "</td>"
        for kind in ("autoencoder", "variational")
    )
    return f'<tr><th scope="row">{escape(row["approach"])}</th>{cells}</tr>'


def _table_1_claim(claim, numbers):
    text = claim["text"].split(": ", 1)[-1]
    measured = "".join(_check(check, numbers) for check in claim["checks"])
    return (
        f'<p><a href="#{claim["name"]}">{escape(text)}</a> '
        f"{_chip(claim['verdict'])}</p><ul>{measured}</ul>"
    )


def _check(check, numbers):
    number = numbers[check["number"]]
    return (
        f'<li class="{check["outcome"]}">{escape(number["label"])}: '
        f"<b>{shown(number)}</b>, {_SIGNS[check['relation']]} {check['bound']:,}? "
        f"{_OUTCOMES[check['outcome']]}</li>"
    )


def _lowest(data):
    names = [n for n in data["numbers"] if n.startswith("lowest.")]
    return "\n".join(
        f"<tr><th scope='row'>{escape(data['numbers'][name]['label'])}</th>"
        f'<td class="number">{shown(data["numbers"][name])}</td>'
        f'<td class="number">{_list(data["numbers"][name]["values"])}</td></tr>'
        for name in names
    )


def _list(values):
    return ", ".join("none" if v is None else f"{v:,.0f}" for v in values)


def _section(section, data):
    claims = {claim.name for claim in section.claims}
    judged = [claim for claim in data["claims"] if claim["name"] in claims]
    drawings = "\n".join(
        f'<figure><div role="img" aria-label="{escape(caption)}">{svg(figure)}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, figure in section.draw(data["records"])
    )
    return f"""<section class="part">
<h2>{escape(section.title)}</h2>
<p class="figures">{escape(section.figures)}</p>
{filled(section.text, data["numbers"])}
{"".join(_claim(claim, data["numbers"]) for claim in judged)}
{"".join(_table(table, data["numbers"]) for table in section.tables)}
{drawings}
{_tunes(section.tunes(data["records"]))}
</section>"""


def _claim(claim, numbers):
    checks = "".join(_check(check, numbers) for check in claim["checks"])
    because = claim["because"] and f'<p class="because">{escape(claim["because"])}</p>'
    return f"""<article class="claim" id="{claim["name"]}">
<p>{_chip(claim["verdict"])} <b>{escape(claim["figure"])}.</b>
{escape(claim["text"])}</p>
<ul>{checks}</ul>
{because}
</article>"""


def _table(table, numbers):
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in table.columns)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(
            f"<td>{'' if name is None else shown(numbers[name])}</td>" for name in names
        )
        + "</tr>"
        for label, names in table.rows
    )
    return f"""<div class="wide-table" tabindex="0"><table>
<thead><tr><td></td>{head}</tr></thead>
<tbody>{rows}</tbody></table></div>"""


def _tunes(tunes):
    if not tunes:
        return ""
    melodies = Melodies(
        [tune.melody for tune in tunes],
        titles=[tune.title for tune in tunes],
        key="D",
        tempo=_TEMPO,
    )
    return (
        f"<details><summary>{len(tunes)} melodies, with players</summary>"
        f"{melodies.to_html(heading='h3')}</details>"
    )


def _settings(plan):
    rows = {
        "seeds": f"0 to {plan.n_seeds - 1}",
        "paper AE": f"h = {plan.large:,}, sigmoid, Glorot, zero biases, binary "
        "cross-entropy, Adam 0.001 (epsilon 1e-7 against Keras' mean), 100 epochs, "
        "batches of 20",
        "paper VAE": f"h = {plan.large:,} and 2, Keras' example of that time: hidden "
        "layer of 512 rectified units, both terms summed, beta 1; otherwise as the AE",
        "our AE, our VAE": "the defaults of this package, h = 32",
        "our VAE, filled": "a heavy beta first, none at the end (user guide), h = 32",
        "our RBM": "256 hidden units a window of two measures, 200 epochs; "
        f"{plan.n_imposing_steps} iterations under a constraint",
        "random latent vectors, each": f"{plan.n_draws:,}, to judge {plan.n_judged:,}",
        "pairs of reels, each": f"{plan.n_pairs:,}",
        "starts of recursion, each": f"{plan.n_starts:,}",
        "starts of objectives, each": f"{plan.n_objective_starts:,}",
    }
    return "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in rows.items()
    )
