"""Print the calibration table over seeds 1 to 12."""

from analysis.simulate.calibration import calibration

print(calibration(range(1, 13)).to_string(index=False, float_format="{:.2f}".format))
