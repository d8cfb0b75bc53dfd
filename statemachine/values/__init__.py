"""What a value is: its type, its text, and how values are converted, compared, combined and read.

Everything here is a pure function of its arguments. Messages that are handed in or out are shared, not copied, and
must not be changed by either side. STRUCT, ARRAY, MAP, LHPath and the builders are recognised and refused.
"""
