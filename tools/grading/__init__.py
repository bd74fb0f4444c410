"""How submissions are graded: what `tools.grade` is made of.

- `collecting` finds the submissions in a folder and says what is wrong with the rest;
- `restoring` puts the given cells back into a submission;
- `kernels` runs a notebook in a process that is watched, and `guard` is what runs there;
- `running` gives points;
- `reporting` writes the gradebook, the feedback and the sheet for written answers.
"""
