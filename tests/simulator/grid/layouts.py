"""Files of grids as they are published, a few hours each; the figures are made up."""

from collections.abc import Sequence

PLAIN = """time,intensity,price
2020-03-29T00:00Z,210,0.031
2020-03-29T01:00Z,190.5,
2020-03-29T02:00Z,180,-0.002
"""

ELECTRICITY_MAPS = """\
Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),\
Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),Renewable energy percentage (RE%),\
Data source,Data estimated,Data estimation method
2024-01-01 00:00:00,France,France,FR,21.5,40.25,95.1,30.2,entsoe.eu,false,
2024-01-01 01:00:00,France,France,FR,20.0,38.75,95.4,30.6,entsoe.eu,false,
2024-01-01 02:00:00,France,France,FR,19.5,38.5,95.6,30.7,entsoe.eu,true,ESTIMATED_TIME_SLICER_AVERAGE
"""

ELECTRICITY_MAPS_2022 = """\
Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),\
Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method
2022-01-01 00:00:00,Denmark,West Denmark,DK-DK1,90,150,70,65,entsoe.eu,False,
2022-01-01 01:00:00,Denmark,West Denmark,DK-DK1,80,140,72,66,entsoe.eu,False,
2022-01-01 00:00:00,Denmark,East Denmark,DK-DK2,60,120,80,75,entsoe.eu,False,
2022-01-01 01:00:00,Denmark,East Denmark,DK-DK2,50,110,82,76,entsoe.eu,False,
"""

UK = """from,to,actual,forecast
2020-10-25T00:00Z,2020-10-25T00:30Z,150,155
2020-10-25T00:30Z,2020-10-25T01:00Z,,149
2020-10-25T01:00Z,2020-10-25T01:30Z,140,138
"""

UK_WEBSITE = """Datetime (UTC),Actual Carbon Intensity (gCO2/kWh),Forecast Carbon Intensity (gCO2/kWh),Index
2024-06-01T00:00Z,101,99,moderate
2024-06-01T00:30Z,98,97,moderate
"""

ENTSOE_TYPES = (
    "Biomass",
    "Fossil Gas",
    "Fossil Hard coal",
    "Fossil Oil shale",
    "Hydro Pumped Storage",
    "Nuclear",
    "Solar",
    "Waste",
    "Wind Onshore",
)


def entsoe(units: Sequence[str], megawatts: Sequence[Sequence[str]], *, column: str = "MTU") -> str:
    """Return a file of generation with a row for each market time unit, in the order of `ENTSOE_TYPES`.

    As in real files, pumped storage has another column for what it takes, and names have two spaces in them.
    """
    names = [f"{one}  - Actual Aggregated [MW]" for one in ENTSOE_TYPES]
    names.append("Hydro Pumped Storage  - Actual Consumption [MW]")
    rows = [
        ["Area", column, *names],
        *(["BZN|DE-LU", unit, *row, "n/e"] for unit, row in zip(units, megawatts, strict=True)),
    ]
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)


def local_units(date: str, hours: list[int], zone: str = "") -> list[str]:
    """Return market time units of an hour each on a date such as 25.10.2020, by the hours in which they begin."""
    suffix = f" ({zone})" if zone else ""
    return [f"{date} {hour:02d}:00 - {date} {hour + 1:02d}:00{suffix}" for hour in hours]


WINDY = ("0", "0", "0", "n/e", "300", "0", "0", "7", "1000")
"""Wind alone: 11 g/kWh over the life cycle, 0 at the stack."""

GAS = ("0", "1000", "0", "n/e", "-", "0", "0", "7", "0")
"""Gas alone: 490 g/kWh over the life cycle, 370 at the stack."""

BOTH = ("0", "500", "0", "n/e", "-", "0", "0", "7", "500")
EMPTY = ("n/e",) * 9

ENTSOE = entsoe(local_units("01.02.2020", [0, 1, 2], "CET/CEST"), [WINDY, GAS, BOTH])

ENTSOE_PRICES = """"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]","Currency","BZN|DE-LU"
"01.02.2020 00:00 - 01.02.2020 01:00","30.5","EUR",""
"01.02.2020 01:00 - 01.02.2020 02:00","-5.2","EUR",""
"01.02.2020 02:00 - 01.02.2020 03:00","n/e","EUR",""
"01.02.2020 03:00 - 01.02.2020 04:00","41","EUR",""
"""

ENTSOE_PRICES_2025 = """\
"MTU (UTC)","Area","Sequence","Day-ahead Price (EUR/MWh)","Intraday Period (UTC)","Intraday Price (EUR/MWh)"
"31/01/2020 23:00:00 - 31/01/2020 23:15:00","BZN|DE-LU","Without Sequence","10","",""
"31/01/2020 23:15:00 - 31/01/2020 23:30:00","BZN|DE-LU","Without Sequence","20","",""
"31/01/2020 23:30:00 - 31/01/2020 23:45:00","BZN|DE-LU","Without Sequence","30","",""
"31/01/2020 23:45:00 - 01/02/2020 00:00:00","BZN|DE-LU","Without Sequence","40","",""
"01/02/2020 00:00:00 - 01/02/2020 00:15:00","BZN|DE-LU","Without Sequence","50","",""
"01/02/2020 00:15:00 - 01/02/2020 00:30:00","BZN|DE-LU","Without Sequence","50","",""
"01/02/2020 00:30:00 - 01/02/2020 00:45:00","BZN|DE-LU","Without Sequence","50","",""
"01/02/2020 00:45:00 - 01/02/2020 01:00:00","BZN|DE-LU","Without Sequence","50","",""
"""
