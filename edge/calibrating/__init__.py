"""Find out what the counts of a plate mean, and never forget it: measured points come in, lines and sheets go out.

`resting` decides when counts lie still, `line` turns points into a line, `session` holds a calibration that is going
on, `unit_weight` learns what one unit weighs; all of them are pure. `sheet_log` keeps every sheet on the disk, `book`
says which line holds.
"""
