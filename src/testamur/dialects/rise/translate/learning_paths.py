"""Learning paths: the ledger's collections."""

from __future__ import annotations

from testamur.core.ids import to_hex24
from testamur.core.items import Item
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.wire import learning_paths as wire


def learning_path(item: Item, links: Links) -> wire.LearningPath:
    url = links.learning_path(item.id)
    return wire.LearningPath(
        id=to_hex24(item.id),
        title=item.title,
        description=item.description,
        courses_url=f"{url}/courses",
        courses_report_url=f"{links.learning_path_report(item.id)}/courses",
        learners_report_url=f"{links.learning_path_report(item.id)}/learners",
        url=url,
    )
