"""Skills and their proficiency."""

from __future__ import annotations

from tests.hub import Hub


def test_each_content_says_to_which_level_it_builds_a_skill(hub: Hub) -> None:
    client = hub.client("stackone")
    for reference, level in (("a", "2"), ("b", "4")):
        skills = [{"name": "Excel", "proficiency": {"value": level}}]
        body = {"external_reference": reference, "skills": skills}
        assert client.put("/unified/lms/content", json=body).status_code == 201
    for reference, level in (("a", "2"), ("b", "4")):
        (skill,) = client.get(f"/unified/lms/content/{reference}").json()["data"]["skills"]
        assert skill["proficiency"] == {"value": level, "source_value": level}
    (skill,) = client.get("/unified/lms/skills").json()["data"]
    assert client.get(f"/unified/lms/skills/{skill['id']}").json()["data"] == skill
    assert skill["proficiency"]["value"] == "4"
