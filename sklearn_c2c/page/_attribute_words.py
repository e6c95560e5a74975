"""The attributes in the words of a page: unit and description by name."""

IN_WORDS = {
    "note_density": ("notes per step", "How many notes begin in a time step"),
    "rhythmic_complexity": (
        "share of the places",
        "Places of the measure where a note begins; weak places count more",
    ),
    "sixteenth_syncopation": (
        "share of the notes",
        "Notes on a sixteenth between two eighths, with none on the next eighth",
    ),
    "eighth_syncopation": (
        "share of the notes",
        "Notes on an eighth between two beats, with none on the next beat",
    ),
    "hold_share": ("share of the steps", "Time in which a note is held on"),
    "rest_share": ("share of the steps", "Time in which nothing sounds"),
    "mean_pitch": ("MIDI pitch, middle C is 60", "How high the notes are on average"),
    "pitch_range": ("semitones", "From the lowest note to the highest"),
    "contour": ("semitones", "How much higher the last note is than the first"),
    "mean_absolute_interval": (
        "semitones",
        "How far it is from a note to the next on average",
    ),
    "stepwise_share": (
        "share of the changes of pitch",
        "Moves by a semitone or a whole tone, and not by a leap",
    ),
    "repeated_note_share": (
        "share of the intervals",
        "Notes of the same pitch as the note before",
    ),
    "repeated_measure_share": (
        "share of the measures",
        "Measures that are equal to an earlier one",
    ),
    "in_scale_share": (
        "share of the notes",
        "Notes that belong to the scale of the key",
    ),
}
