"""Measurements that textbooks publish, with what they compute from them.  Facts and figures only.

Montgomery: D. C. Montgomery, Introduction to Statistical Quality Control, 6th edition.
NIST:       NIST/SEMATECH e-Handbook of Statistical Methods, https://www.itl.nist.gov/div898/handbook/
"""

import numpy as np

# Montgomery, table 6.3: inside diameters of piston rings, mm, as thousandths above 74.
_RINGS = """
 30   2  19  -8   8    -5  -8   1  11   4   -12  24  21   5   2     2  -4  -7  15   9    -8   7  15 -11  14
  9  -6  -3 -15  -7    -5   6  -6   0   5   -15   3  -7  15 -12     8  -5   9   5   4    -2   0 -10   7  -5
 -6  -2  -6  -5 -10     4   0   7   0  -4   -17   2  -2  -3  12     6 -33  -6   0 -16    12  14  -2  -1   7
  0 -16   5  -2  -4    -6  12 -14   5   7     6  10  18   3   0   -16   2   3   5  -3     0  10  13  20   3
-18   1  15   5  -4     4  -1 -10   6   9    10 -11 -10   9  14    15   8  -7   0  10   -18 -16  -5  17  13
"""
PISTON_RINGS = 74 + np.array(_RINGS.split(), dtype=float).reshape(25, 5) / 1000

# Montgomery, table 7.1: cans of orange juice that leak, of 50; NIST 6.3.3.2 has the same numbers.
ORANGE_JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22]
ORANGE_JUICE += [8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]

# Montgomery, table 7.7: faults in 26 samples of 100 printed circuit boards.
CIRCUIT_BOARDS = [21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16]
CIRCUIT_BOARDS += [19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15]

# Montgomery, table 7.10: faults in rolls of dyed cloth, and the units of 50 square metres in each roll.
CLOTH_FAULTS = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
CLOTH_UNITS = [10.0, 8.0, 13.0, 10.0, 9.5, 10.0, 12.0, 10.5, 12.0, 12.5]

# NIST 6.3.2.2: flow rates of ten batches.
FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
