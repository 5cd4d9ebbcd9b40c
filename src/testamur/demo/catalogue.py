"""The organisation's learning: courses its assignments name, and a library around them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from testamur.core.items import ItemKind, NewItem, Outside
from testamur.core.moments import format_duration
from testamur.core.people import Identifier

HOME = "https://demo.testamur.example"
FIRE_SAFETY = "FIRE-101"
"""Reference of a published, authored course with a required quiz: the demo's sample item."""

OWN = "Larkspur Academy"
_PROVIDERS = (
    "Halcombe Safety",
    "Northgate Learning",
    "Brightmoor Training",
    "Tallis & Rowe",
    "Open Harbour",
    "Völund Skills",
)

CERTIFIED_DAYS = {"FORK-101": 1095, "FORK-102": 1095, "AIDE-101": 1095, "AIDE-102": 365, "DNGR-101": 1825}
"""How long the certificate runs that comes with completing one of these."""

OUTSIDE = (
    Outside("Certificate in Personnel Practice", "Institute of Working Life"),
    Outside("Driver Certificate of Professional Competence", "Road Skills Board"),
    Outside("Project Foundations", "Open Harbour University"),
    Outside("Level 3 Award in Education and Training", "Calder College"),
    Outside("Cloud Practitioner", "Nimbus Certification"),
    Outside("Certified Supply Chain Professional", "Guild of Logistics"),
    Outside("Bookkeeping, grade II", "Tallis & Rowe"),
    Outside("Deutsch als Fremdsprache, B1", "Städtische Abendschule"),
)
"""Learning from before and elsewhere, which is in no catalogue."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to teach a subject. `title` has a place for it: `{S}` at its start, `{s}` further in."""

    title: str
    kind: ItemKind
    format: str
    minutes: int
    is_authored: bool = False
    requires_quiz: bool = False


def items(rng: Random, count: int) -> list[NewItem]:
    """`count` items with unique references and titles: the named courses first, then a draw from the library.

    About one in forty of the library is an unpublished draft; no assignment names one.
    """
    shelf = [_of_subject(rng, code, subject, n) for code, subject in _SUBJECTS for n in range(len(_FORMS))]
    chosen = sorted(rng.sample(range(len(shelf)), count - len(_CORE)))
    drafts = set(rng.sample(chosen, max(3, len(chosen) // 40)))
    library = [_item(*shelf[place], is_published=place not in drafts) for place in chosen]
    return [_item(*core) for core in _CORE] + library


def _item(
    ref: str,
    title: str,
    form: _Form,
    provider: str,
    language: str = "en-GB",
    *,
    is_published: bool = True,
) -> NewItem:
    named = [Identifier("ref", ref)]
    # Content that never spoke xAPI has no activity IRI.
    if form.format not in ("event", "article", "document"):
        named.append(Identifier("iri", f"{HOME}/activities/{ref}"))
    return NewItem(
        title=title,
        kind=form.kind,
        format=form.format,
        description=f"{title}: {_ABOUT[form.kind]} from {provider}.",
        provider=provider,
        language=language,
        url=f"{HOME}/learn/{ref}",
        cover_url=f"{HOME}/covers/{ref}.png" if form.format in ("video", "elearning") else None,
        duration=format_duration(timedelta(minutes=form.minutes)),
        is_authored=form.is_authored,
        requires_quiz=form.requires_quiz,
        is_published=is_published,
        identifiers=tuple(named),
        attributes={"topic": ref.partition("-")[0]},
    )


def _of_subject(rng: Random, code: str, subject: str, place: int) -> tuple[str, str, _Form, str]:
    form = _FORMS[place]
    title = form.title.format(S=subject, s=subject[0].lower() + subject[1:])
    provider = OWN if form.is_authored else rng.choice(_PROVIDERS)
    return f"{code}-{301 + place}", title, form, provider


_ABOUT = {
    ItemKind.CONTENT: "a short piece",
    ItemKind.COURSE: "a course",
    ItemKind.COLLECTION: "a path through several courses",
}

_AUTHORED = _Form("", ItemKind.COURSE, "elearning", 35, is_authored=True, requires_quiz=True)
_READ = _Form("", ItemKind.COURSE, "elearning", 20, is_authored=True)
_SCORM = _Form("", ItemKind.COURSE, "scorm", 45, requires_quiz=True)
_PRACTICAL = _Form("", ItemKind.COURSE, "event", 390, requires_quiz=True)
_CLASSROOM = _Form("", ItemKind.COURSE, "event", 180)
_VIDEO = _Form("", ItemKind.CONTENT, "video", 12)
_QUIZ = _Form("", ItemKind.CONTENT, "quiz", 10, requires_quiz=True)
_ARTICLE = _Form("", ItemKind.CONTENT, "article", 6)
_DOCUMENT = _Form("", ItemKind.CONTENT, "document", 15)
_PATHWAY = _Form("", ItemKind.COLLECTION, "pathway", 240)

_CORE: tuple[tuple[str, str, _Form, str] | tuple[str, str, _Form, str, str], ...] = (
    (FIRE_SAFETY, "Fire safety", _AUTHORED, OWN),
    ("FIRE-102", "Fire awareness for warehouse teams", _SCORM, "Halcombe Safety"),
    ("FIRE-103", "Bezpieczeństwo pożarowe", _AUTHORED, OWN, "pl"),
    ("FIRE-201", "Fire warden duties", _CLASSROOM, "Halcombe Safety"),
    ("INDU-101", "Welcome to Larkspur", _READ, OWN),
    ("INDU-102", "Your first week: a path for new starters", _PATHWAY, OWN),
    ("COND-101", "Code of conduct", _AUTHORED, OWN),
    ("BRIB-101", "Preventing bribery and corruption", _SCORM, "Tallis & Rowe"),
    ("DATA-101", "Data protection essentials", _AUTHORED, OWN),
    ("DATA-102", "Datenschutz: Grundlagen", _AUTHORED, OWN, "de"),
    ("DATA-201", "Answering a subject access request", _DOCUMENT, OWN),
    ("INFO-101", "Information security awareness", _SCORM, "Northgate Learning"),
    ("INFO-102", "Spot the phish", _QUIZ, OWN),
    ("LIFT-101", "Manual handling", _SCORM, "Halcombe Safety"),
    ("LIFT-102", "Manual handling, practical session", _CLASSROOM, "Halcombe Safety"),
    ("LIFT-103", "Lifting in pairs", _VIDEO, "Halcombe Safety"),
    ("FORK-101", "Counterbalance forklift: operator certificate", _PRACTICAL, "Völund Skills"),
    ("FORK-102", "Counterbalance forklift: renewal", _PRACTICAL, "Völund Skills"),
    ("FORK-103", "Daily forklift checks", _VIDEO, OWN),
    ("AIDE-101", "First aid at work", _PRACTICAL, "Halcombe Safety"),
    ("AIDE-102", "Emergency first aid", _PRACTICAL, "Halcombe Safety"),
    ("DRIV-101", "Drivers' hours and tachographs", _SCORM, "Brightmoor Training"),
    ("DRIV-102", "Walkaround checks", _AUTHORED, OWN),
    ("DRIV-103", "Rondje om de vrachtwagen", _AUTHORED, OWN, "nl"),
    ("DRIV-201", "Fuel-efficient driving", _CLASSROOM, "Brightmoor Training"),
    ("DNGR-101", "Dangerous goods by road", _PRACTICAL, "Brightmoor Training"),
    ("LOAD-101", "Securing loads", _SCORM, "Brightmoor Training"),
    ("PORT-101", "Working safely on the quay", _AUTHORED, OWN),
    ("CUST-101", "Customs declarations in practice", _SCORM, "Tallis & Rowe"),
    ("WELL-101", "Looking after your mental health", _VIDEO, "Open Harbour"),
    ("WELL-201", "Talking about mental health: for managers", _CLASSROOM, "Open Harbour"),
    ("MGMT-101", "Leading a team for the first time", _SCORM, "Northgate Learning"),
    ("MGMT-102", "The manager's path", _PATHWAY, OWN),
    ("MGMT-103", "Absence: what the policy says", _ARTICLE, OWN),
)

_FORMS = (
    _Form("{S}: the essentials", ItemKind.COURSE, "elearning", 40, is_authored=True, requires_quiz=True),
    _Form("{S} in five minutes", ItemKind.CONTENT, "video", 5),
    _Form("{S}: check your knowledge", ItemKind.CONTENT, "quiz", 10, requires_quiz=True),
    _Form("{S} workshop", ItemKind.COURSE, "event", 180),
    _Form("A guide to {s}", ItemKind.CONTENT, "article", 8),
    _Form("{S} for team leaders", ItemKind.COURSE, "scorm", 60, requires_quiz=True),
    _Form("{S}: common mistakes", ItemKind.CONTENT, "video", 12),
    _Form("{S}: worked examples", ItemKind.CONTENT, "document", 25),
    _Form("{S} masterclass", ItemKind.COURSE, "elearning", 90),
    _Form("A path to {s}", ItemKind.COLLECTION, "pathway", 300),
    _Form("Conversations about {s}", ItemKind.CONTENT, "audio", 30),
    _Form("{S} refresher", ItemKind.COURSE, "elearning", 15, is_authored=True, requires_quiz=True),
)

_SUBJECTS = (
    ("ACCT", "Accounting for non-accountants"),
    ("AGIL", "Agile teamwork"),
    ("BUDG", "Budgeting"),
    ("CHNG", "Managing change"),
    ("CLAI", "Handling claims"),
    ("COAC", "Coaching"),
    ("COLD", "Cold-chain handling"),
    ("CONF", "Resolving conflict"),
    ("CREA", "Creative thinking"),
    ("CUSC", "Customer care"),
    ("DANA", "Data analysis"),
    ("DECI", "Decision making"),
    ("DELE", "Delegation"),
    ("DIFF", "Difficult conversations"),
    ("DSEA", "Display screen work"),
    ("EMPA", "Empathy at work"),
    ("ERGO", "Ergonomics"),
    ("FEED", "Giving feedback"),
    ("FORE", "Demand forecasting"),
    ("HIRE", "Interviewing and hiring"),
    ("INCL", "Inclusive teams"),
    ("INVE", "Inventory control"),
    ("LEAN", "Lean warehousing"),
    ("LIST", "Active listening"),
    ("MEET", "Better meetings"),
    ("MINU", "Writing minutes"),
    ("NEGO", "Negotiation"),
    ("NETW", "Computer networks"),
    ("NOIS", "Noise and hearing"),
    ("NUMB", "Confidence with numbers"),
    ("PACK", "Sustainable packaging"),
    ("PERF", "Performance reviews"),
    ("PLAN", "Route planning"),
    ("PRES", "Presenting"),
    ("PROB", "Problem solving"),
    ("PROC", "Procurement"),
    ("PROJ", "Project management"),
    ("RESI", "Resilience"),
    ("RISK", "Risk assessment"),
    ("SALE", "Consultative selling"),
    ("SHEE", "Spreadsheets"),
    ("SLIP", "Slips, trips and falls"),
    ("STAK", "Working with stakeholders"),
    ("TIME", "Time management"),
    ("TYRE", "Tyre care"),
    ("WAST", "Waste and recycling"),
    ("WRIT", "Business writing"),
    ("YARD", "Yard safety"),
)
