"""From the records of all experiments to the data of the report."""

from dataclasses import asdict

from reproduction.sections import TABLE_1, numbers_of, sections
from reproduction.verdicts import CONFIDENCE, filled


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
    numbers = {
        name: number.evaluate(records) for name, number in numbers_of(plan).items()
    }
    claims = [
        claim.judge(numbers)
        for section in sections(plan).values()
        for claim in section.claims
    ]
    names = {claim["name"] for claim in claims}
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
            if names.issuperset(ae + vae)
        ],
        "records": records,
    }
