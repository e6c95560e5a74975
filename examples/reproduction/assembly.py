"""From the records of all experiments to the data of the report."""

import re
from dataclasses import asdict

from reproduction.sections import TABLE_1, sections
from reproduction.verdicts import CONFIDENCE, in_prose

_PLACE = re.compile(r"\{([^{}]+)\}")


def assemble(plan, records):
    """Numbers, claims with verdicts and Table 1, and the records they are made of.

    Parameters
    ----------
    plan : Plan
        What was run.
    records : list of dict
        Task and result of each.

    Returns
    -------
    dict
        As JSON holds it.
    """
    parts = sections(plan)
    numbers = {
        name: number.evaluate(records)
        for section in parts
        for name, number in section.numbers.items()
    }
    claims = [claim.judge(numbers) for section in parts for claim in section.claims]
    for claim in claims:
        claim["because"] = filled(claim["because"], numbers)
    return {
        "plan": asdict(plan),
        "confidence": CONFIDENCE,
        "numbers": numbers,
        "claims": claims,
        "table_1": [
            {"approach": approach, "autoencoder": list(ae), "variational": list(vae)}
            for approach, ae, vae in TABLE_1
        ],
        "records": records,
    }


def filled(text, numbers):
    """Put numbers in the places that name them."""
    return _PLACE.sub(lambda place: in_prose(numbers[place[1]]), text)
