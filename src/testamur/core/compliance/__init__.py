"""The compliance engine: from facts and settings to a timeline of standing. Section 5 of the design, all of the rules.

    timeline(facts, horizon=day)          where the person stands on every day, and every obligation
    standing_on(timeline, day)            the step of one day ("as of")
    timeline(facts.known_at(moment), …)   "as known at"
    timeline(facts.edited(settings), …)   "what if"
    explain(step, facts)                  why, in sentences
    transitions(timeline)                 what is worth announcing

`settings` and `facts` are what goes in, `standing` is what comes out; `credit`, `lines` and `timeline` are the rules.
Where the rules left a choice, docs/decisions/0009 and after say which was taken.
"""

from testamur.core.compliance.facts import (
    REENTRY_DEFAULT_DAYS,
    Completion,
    Exemption,
    Extension,
    Facts,
    How,
    ItemVersion,
    Membership,
    Progress,
    Reentry,
    Retirement,
    Span,
)
from testamur.core.compliance.settings import Anchor, PriorCredit, Settings, faults
from testamur.core.compliance.standing import (
    IN_BREACH,
    NOT_COUNTED,
    CreditState,
    Obligation,
    Outcome,
    Reason,
    SatisfiedBy,
    Status,
    Step,
    Timeline,
    standing_on,
)
from testamur.core.compliance.timeline import timeline
from testamur.core.compliance.transitions import Transition, TransitionKind, transitions
from testamur.core.compliance.why import Sentence, explain

__all__ = [
    "IN_BREACH",
    "NOT_COUNTED",
    "REENTRY_DEFAULT_DAYS",
    "Anchor",
    "Completion",
    "CreditState",
    "Exemption",
    "Extension",
    "Facts",
    "How",
    "ItemVersion",
    "Membership",
    "Obligation",
    "Outcome",
    "PriorCredit",
    "Progress",
    "Reason",
    "Reentry",
    "Retirement",
    "SatisfiedBy",
    "Sentence",
    "Settings",
    "Span",
    "Status",
    "Step",
    "Timeline",
    "Transition",
    "TransitionKind",
    "explain",
    "faults",
    "standing_on",
    "timeline",
    "transitions",
]
