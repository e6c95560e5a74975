"""The notation that a page has of its melodies, made of the parameters of `io`."""

from sklearn_c2c.melody import parse_key, parse_metre


def notation(
    *, time_signature="4/4", steps_per_quarter=4, key=None, tempo=120, pickup=False
):
    """Notation of a page, as the modules of JavaScript take it."""
    metre = parse_metre(time_signature)
    parsed = None if key is None else parse_key(key)
    return {
        "numerator": metre.beats,
        "denominator": metre.beat_type,
        "stepsPerQuarter": steps_per_quarter,
        "stepsPerMeasure": metre.steps_per_measure(steps_per_quarter),
        "stepsPerBeat": int(metre.beat * 4 * steps_per_quarter),
        "beatUnit": list(metre.beat.as_integer_ratio()),
        "key": key,
        "signature": parsed.signature if parsed else 0,
        "tonic": parsed.pitch_class if parsed else None,
        "tempo": tempo,
        "pickup": pickup,
    }
