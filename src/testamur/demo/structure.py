"""The organisation's sites, departments and duties as audiences, and what each of them has to learn."""

from __future__ import annotations

from dataclasses import dataclass

from testamur.core.audiences import AudienceCategory

ALL_STAFF = "ALL-STAFF"
"""Reference of the audience that everybody belongs to while employed: the demo's sample audience."""
MANAGERS, DRIVERS, FORKLIFT, FIRST_AIDERS = "DUTY-MGR", "DUTY-DRV", "DUTY-FLT", "DUTY-AID"


@dataclass(frozen=True, slots=True)
class Site:
    """Where people work. `reference` is its audience's."""

    reference: str
    name: str
    zone: str
    weight: int


@dataclass(frozen=True, slots=True)
class Department:
    """What people work at. `shifts`: also in the evening and at weekends."""

    reference: str
    name: str
    weight: int
    jobs: tuple[str, ...]
    shifts: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """An audience to be. `parent` is the reference of the structure it stands in."""

    reference: str
    name: str
    category: AudienceCategory = AudienceCategory.AUDIENCE
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An assignment to be, audience and items by reference (section 5 of the compliance rules)."""

    group: str
    primary: str
    completion_period_days: int
    recurrence_days: int | None = None
    alternatives: tuple[str, ...] = ()
    hide_alternatives: bool = False


SITES = (
    Site("SITE-LDS", "Leeds head office", "Europe/London", 20),
    Site("SITE-FXT", "Felixstowe port depot", "Europe/London", 22),
    Site("SITE-AVN", "Avonmouth warehouse", "Europe/London", 17),
    Site("SITE-GLA", "Glasgow depot", "Europe/London", 10),
    Site("SITE-DUB", "Dublin depot", "Europe/Dublin", 8),
    Site("SITE-RTM", "Rotterdam terminal", "Europe/Amsterdam", 10),
    Site("SITE-GDN", "Gdańsk terminal", "Europe/Warsaw", 8),
    Site("SITE-PNQ", "Pune service centre", "Asia/Kolkata", 5),
)

WAREHOUSE, TRANSPORT, PEOPLE = "DEPT-WHS", "DEPT-TRN", "DEPT-PPL"

DEPARTMENTS = (
    Department(WAREHOUSE, "Warehouse", 32, ("Picker", "Warehouse operative", "Stock controller", "Shift lead"), True),
    Department(TRANSPORT, "Transport", 24, ("Class 1 driver", "Van driver", "Transport planner"), True),
    Department("DEPT-MNT", "Fleet maintenance", 7, ("Vehicle technician", "Workshop controller"), True),
    Department("DEPT-CUS", "Customer service", 10, ("Service adviser", "Claims handler")),
    Department("DEPT-SAL", "Sales", 7, ("Account manager", "Bid writer")),
    Department("DEPT-FIN", "Finance", 6, ("Management accountant", "Credit controller", "Payroll officer")),
    Department("DEPT-ITS", "Information technology", 6, ("Systems engineer", "Support analyst", "Data analyst")),
    Department(PEOPLE, "People and learning", 4, ("Learning partner", "Recruiter", "People adviser")),
    Department("DEPT-CBR", "Customs brokerage", 4, ("Customs clerk", "Trade compliance officer")),
)

_TOP, _SITES, _DEPARTMENTS, _DUTIES = "ORG", "ORG-SITES", "ORG-DEPTS", "ORG-DUTIES"

GROUPS = (
    Group(_TOP, "Larkspur Logistics", AudienceCategory.STRUCTURE),
    Group(_SITES, "Sites", AudienceCategory.STRUCTURE, _TOP),
    Group(_DEPARTMENTS, "Departments", AudienceCategory.STRUCTURE, _TOP),
    Group(_DUTIES, "Duties", AudienceCategory.STRUCTURE, _TOP),
    Group(ALL_STAFF, "All staff", parent=_TOP),
    *(Group(site.reference, site.name, parent=_SITES) for site in SITES),
    *(Group(department.reference, department.name, parent=_DEPARTMENTS) for department in DEPARTMENTS),
    Group(MANAGERS, "People managers", parent=_DUTIES),
    Group(DRIVERS, "Vocational drivers", parent=_DUTIES),
    Group(FORKLIFT, "Forklift operators", parent=_DUTIES),
    Group(FIRST_AIDERS, "First aiders", parent=_DUTIES),
)
"""Every structure stands before what it holds."""

RULES = (
    Rule(ALL_STAFF, "FIRE-101", 30, 365, ("FIRE-102", "FIRE-103")),
    Rule(ALL_STAFF, "INDU-101", 14),
    Rule(ALL_STAFF, "COND-101", 30, 0),  # 0 means once, as None does (rule A1)
    Rule(ALL_STAFF, "DATA-101", 30, 730, ("DATA-102",)),
    Rule(ALL_STAFF, "INFO-101", 30, 365),
    Rule(WAREHOUSE, "LIFT-101", 14, 730, ("LIFT-102",)),
    Rule("DEPT-MNT", "LIFT-101", 14, 730),
    Rule("DEPT-SAL", "BRIB-101", 45, 365),
    Rule("DEPT-FIN", "BRIB-101", 45, 365),
    Rule("DEPT-CBR", "CUST-101", 60, 365),
    Rule("SITE-FXT", "PORT-101", 7, 365),
    Rule("SITE-RTM", "PORT-101", 7, 365),
    Rule(MANAGERS, "MGMT-101", 90),
    Rule(MANAGERS, "WELL-201", 60, 1095),
    Rule(DRIVERS, "DRIV-101", 30, 365),
    Rule(DRIVERS, "DRIV-102", 14, 180, ("DRIV-103",), hide_alternatives=True),
    Rule(FORKLIFT, "FORK-101", 60, 1095, ("FORK-102",)),
    Rule(FIRST_AIDERS, "AIDE-101", 60, 1095, ("AIDE-102",)),
)
