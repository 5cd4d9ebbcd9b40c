"""Where the ledger keeps what about people, and with which level of erasure it goes (rule G5).

Every column of every table of tenants stands here; tests compare it with the database and with what an erasure does.
Whoever adds a column decides here what it holds, and in the functions of the erasure migrations what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from testamur.core.retention import Level


class Holds(Enum):
    """What a column holds of a person."""

    NOTHING = "nothing of a person"
    """Ids and words of things, days, states."""
    ABOUT = "whom the row is about"
    """The row goes with the level ALL."""
    ACTOR = "who did it"
    """An id in what is about others or about things. It stays: it leads to nobody once she is erased."""
    WHO = "who she is"
    WORDS = "words, of anybody and about anything"
    """In what is about her they go whole; in what is about others her name goes from them."""
    RESULT = "how she did"
    KEY = "keys of others' own"
    """They go where they say who she is."""
    PASSING = "a file as it came, which may say anything"
    """It is forgotten by itself three days after the last byte or the last import made of it."""


GOES: dict[Holds, frozenset[Level]] = {
    Holds.NOTHING: frozenset(),
    Holds.ACTOR: frozenset(),
    Holds.PASSING: frozenset(),
    Holds.ABOUT: frozenset({Level.ALL}),
    Holds.WHO: frozenset({Level.IDENTITY, Level.ALL}),
    Holds.KEY: frozenset({Level.IDENTITY, Level.ALL}),
    Holds.WORDS: frozenset(Level),
    Holds.RESULT: frozenset({Level.DETAIL, Level.ALL}),
}
"""The levels with which it goes."""

NOTHING, ABOUT, ACTOR, WHO, WORDS, RESULT, KEY, PASSING = Holds

_DECIDED = "tenant id assignment granted_by granted_at withdrawn_at withdrawn_by"
_SETTINGS = (
    "audience primary_item alternatives hide_alternatives completion_period_days recurrence_days is_active"
    " renewal_window_days renewal_grace_days anchor calendar_days minimum_credit_days prior_credit has_notice_floor"
    " applies_to_open zone"
)

_COLUMNS: dict[str, dict[Holds, str]] = {
    "account": {
        NOTHING: "tenant id provider name status created_at updated_at owner_id owner_name details status_reason"
        " status_at deleted_at"
    },
    "activity_mark": {NOTHING: "tenant number entry reached"},
    "assignment": {NOTHING: f"tenant id created_at updated_at deleted_at {_SETTINGS}", ABOUT: "of_person"},
    "assignment_item": {NOTHING: "tenant item assignment"},
    "assignment_version": {NOTHING: f"tenant assignment number effective_on recorded_at is_deleted {_SETTINGS}"},
    "audience": {
        NOTHING: "tenant id name category reference parent created_at updated_at deleted_at api_controlled is_smart"
        " of_everyone",
        ABOUT: "of_person",
    },
    "audience_enrolment": {NOTHING: "tenant id item audience enrolled_at ended_at due_at assignment"},
    "audience_manager": {NOTHING: "tenant audience permissions opened_at closed_at", ABOUT: "person"},
    "audience_reporter": {NOTHING: "tenant audience opened_at closed_at", ABOUT: "person"},
    "batch": {NOTHING: "tenant id kind client rows started_at ended_at"},
    "batch_row": {NOTHING: "tenant batch place outcome item reason"},
    "client": {NOTHING: "tenant id name dialect application scopes settings created_at revoked_at"},
    "client_key": {NOTHING: "tenant id client hash hint created_at revoked_at"},
    "cpd_category": {NOTHING: "tenant id name created_at updated_at"},
    "cpd_entry": {
        NOTHING: "tenant id category done_at duration_minutes is_verified digest content_digest recorded_at",
        ABOUT: "person",
        KEY: "activity_type activity_name",
        WORDS: "description",
    },
    "cpd_requirement": {NOTHING: "tenant id audience required_minutes created_at updated_at"},
    "delivery": {NOTHING: "tenant webhook entry type is_delivered attempts status error last_at"},
    "employment": {
        NOTHING: "tenant id opened_at closed_at",
        ABOUT: "person",
        ACTOR: "manager",
        WHO: "title manager_ref",
    },
    "enrolment": {NOTHING: "tenant item enrolled_at ended_at source due_at assignment", ABOUT: "person"},
    "erased_identifier": {NOTHING: "tenant digest"},
    "erasure": {
        NOTHING: "tenant id level asked_by asked_at tried_at completed_at has_identity erased kept tombstone",
        ACTOR: "person asked_by_person",
        KEY: "reason",
    },
    "erasure_key": {NOTHING: "tenant key"},
    "event_taken": {NOTHING: "tenant source fingerprint taken_at", KEY: "id"},
    "exemption": {
        NOTHING: f"{_DECIDED} item from_on until_on",
        ABOUT: "person",
        ACTOR: "granted_by_person",
        WORDS: "reason evidence withdrawn_because",
    },
    "extension": {
        NOTHING: f"{_DECIDED} cycle due_on granted_on",
        ABOUT: "person",
        ACTOR: "granted_by_person",
        WORDS: "reason evidence withdrawn_because",
    },
    "fact": {
        NOTHING: "tenant record revision id entry item item_version completed_at completed_by_day occurrence started_at"
        " expires_at passed is_prior source application created_at recorded_at closed_at closed_as",
        ABOUT: "person",
        ACTOR: "created_by updated_by closed_by",
        RESULT: "score_percent score_text time_spent certificate",
        KEY: "source_id",
        WORDS: "extra",
    },
    "favorite": {NOTHING: "tenant item marked_at unmarked_at", ABOUT: "person"},
    "idempotency_key": {
        NOTHING: "tenant operation key fingerprint status media_type created_at",
        ABOUT: "holder",
        WORDS: "headers body",
    },
    "import_absent": {NOTHING: "tenant batch place within", ABOUT: "subject"},
    "import_batch": {
        NOTHING: "tenant id state client format bytes digest header columns options rows outcomes repeated has_keys"
        " has_news done created_at touched_at rehearsed_at committed_at undone_at of removals removed upload attempts"
        " fault stage stage_done stage_total stage_began_at known_entry",
        ACTOR: "person",
        KEY: "name effect",
    },
    "import_held": {NOTHING: "tenant batch number", WHO: "kind value"},
    "import_name": {NOTHING: "tenant batch number", WHO: "kind value"},
    "import_outside": {NOTHING: "tenant batch item kind value title provider"},
    "import_row": {
        NOTHING: "tenant batch number outcome item completed_at completed_by_day day started_at expires_at passed"
        " item_version source id record fact twin neighbour is_probable is_released is_met above audience is_told",
        ABOUT: "person under",
        WHO: "told",
        RESULT: "score_percent score_text time_spent certificate",
        KEY: "source_id digest",
        WORDS: "raw faults people extra",
    },
    "interest": {NOTHING: "tenant id tag tied_at untied_at", ABOUT: "person"},
    "invitation": {
        NOTHING: "tenant id role groups invited_at accepted_at withdrawn_at",
        ABOUT: "person",
        WHO: "email given_name family_name",
    },
    "item": {
        NOTHING: "tenant id kind format title description provider language url cover_url duration is_authored"
        " requires_quiz attributes created_at updated_at retired_at title_key is_official details",
        ACTOR: "author",
    },
    "item_identifier": {NOTHING: "tenant kind value item"},
    "item_link": {NOTHING: "tenant id parent child place linked_at unlinked_at"},
    "item_tag": {NOTHING: "tenant id item tag is_skill tied_at untied_at is_category"},
    "item_version": {NOTHING: "tenant item number published_at retraining_from created_at"},
    "ledger_entry": {NOTHING: "tenant number kind client recorded_at", ACTOR: "subject", WORDS: "data"},
    "legal_hold": {
        NOTHING: "tenant id item placed_by placed_at lifted_at lifted_by",
        ABOUT: "person",
        ACTOR: "placed_by_person",
        KEY: "reason lifted_because",
    },
    "membership": {NOTHING: "tenant audience joined_on left_on joined_recorded_at left_recorded_at", ABOUT: "person"},
    "obligation": {
        NOTHING: "tenant assignment place line cycle opens_on due_on outcome ended_on satisfied_by satisfied_how"
        " satisfied_on is_on_time days_late",
        ABOUT: "person",
    },
    "outside_learning": {NOTHING: "tenant kind value item mapped_to mapped_at", ACTOR: "mapped_by"},
    "person": {
        NOTHING: "tenant role is_active created_at updated_at deleted_at place starts_at ends_at",
        ACTOR: "id",
        WHO: "given_name family_name phone language zone attributes login single_sign_on domain",
    },
    "person_identifier": {NOTHING: "tenant", ABOUT: "person", WHO: "kind value"},
    "person_skill": {NOTHING: "tenant id tag level target tied_at untied_at", ABOUT: "person"},
    "personal_assignment": {
        NOTHING: "tenant assignment assigned_at due_at is_started digest",
        KEY: "external_reference",
        RESULT: "progress_percent",
        WORDS: "extra",
    },
    "report": {
        NOTHING: "tenant record fact dialect client method repeats reported_at last_reported_at",
        WORDS: "digest path body",
    },
    "retention_rule": {
        NOTHING: "tenant id item category basis years days adds_recurrence keeps erases set_by opened_at closed_at"
        " closed_by",
        ACTOR: "set_by_person",
        KEY: "reason closed_because",
    },
    "session": {
        NOTHING: "tenant id item started_at has_quiz passed client digest recorded_at voided_at",
        ABOUT: "person",
        ACTOR: "voided_by",
        RESULT: "duration lessons_completed score_percent",
        KEY: "key",
    },
    "skill_level": {NOTHING: "tenant value name is_enabled created_at updated_at"},
    "source_key": {NOTHING: "tenant source record fingerprint created_at", KEY: "value"},
    "standing": {
        NOTHING: "tenant assignment from_on until_on status line cycle opens_on due_on credit credit_ends_on"
        " last_completed_on started_on satisfied_by satisfied_how is_on_time late_days is_impossible because zone"
        " missed_cycles fixed_days recorded_at is_plain",
        ABOUT: "person",
    },
    "standing_task": {NOTHING: "tenant id assignment done total asked_at finished_at", ABOUT: "people after"},
    "suspension": {NOTHING: "tenant id began_at began_known_at ended_at ended_known_at batch", ABOUT: "person"},
    "tag": {NOTHING: "tenant id name key created_at updated_at"},
    "tag_ref": {NOTHING: "tenant use value tag"},
    "tag_use": {NOTHING: "tenant use tag hierarchy language proficiency extra created_at updated_at"},
    "tenant_counter": {NOTHING: "tenant entry rules"},
    "tenant_settings": {NOTHING: "tenant number reentry_days self_granting client recorded_at"},
    "token_issuer": {NOTHING: "tenant issuer client audience keys created_at updated_at"},
    "upload": {
        NOTHING: "tenant id client length received rehearsal import writer created_at expires_at completed_at"
        " removed_at",
        ACTOR: "person",
        PASSING: "metadata",
    },
    "upload_part": {NOTHING: "tenant upload start", PASSING: "bytes"},
    "webhook": {
        NOTHING: "tenant id dialect name url events secret api_version created_at removed_at disabled_at"
        " disabled_because after_entry attempts attempt_at failing_since lease leased_until base_url old_secret"
        " old_secret_until told replay_after replay_until replay_dead generation"
    },
}


def columns() -> Iterator[tuple[str, str, Holds]]:
    """Every table and column, and what it holds."""
    for table, held in _COLUMNS.items():
        for holds, names in held.items():
            for name in names.split():
                yield table, name, holds


def page() -> str:
    """The list as a page: what is kept of people, where, and how it goes."""
    lines = [
        "# Personal data",
        "",
        "Made by `make docs` from `src/testamur/core/personal_data.py`: every column that holds something of a person,"
        " and the levels of erasure with which it goes. Words of things, such as titles and names of audiences, are the"
        " organisation's own and are left alone.",
        "",
        "| table | column | holds | goes with |",
        "| --- | --- | --- | --- |",
    ]
    for table, column, holds in columns():
        if holds is not Holds.NOTHING:
            goes = ", ".join(level.value for level in Level if level in GOES[holds]) or "nothing: it stays"
            if holds is Holds.PASSING:
                goes = "time: within days"
            lines.append(f"| `{table}` | `{column}` | {holds.value} | {goes} |")
    return "\n".join(lines) + "\n"
