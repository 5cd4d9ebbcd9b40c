-- name: retention_rules
-- Those that hold, or all there ever were, with the names of their categories.
SELECT r.*, t.name AS category_name FROM retention_rule r LEFT JOIN tag t ON t.tenant = r.tenant AND t.id = r.category
WHERE r.tenant = :tenant AND (NOT :only_open OR r.closed_at IS NULL) AND (:after::uuid IS NULL OR r.id > :after)
ORDER BY r.id LIMIT :count;

-- name: retention_rule_get
SELECT r.*, t.name AS category_name FROM retention_rule r LEFT JOIN tag t ON t.tenant = r.tenant AND t.id = r.category
WHERE r.tenant = :tenant AND r.id = :id;

-- name: retention_rule_add!
INSERT INTO retention_rule (tenant, id, item, category, basis, years, days, adds_recurrence, keeps, erases, reason, set_by,
                            set_by_person, opened_at)
VALUES (:tenant, :id, :item, :category, :basis, :years, :days, :adds_recurrence, :keeps, :erases, :reason, :set_by,
        :set_by_person, :now);

-- name: retention_rule_of
-- The rule that holds for exactly this: an item, a category, or neither.
SELECT id FROM retention_rule
WHERE tenant = :tenant AND closed_at IS NULL AND item IS NOT DISTINCT FROM :item::uuid
  AND category IS NOT DISTINCT FROM :category::uuid;

-- name: retention_rule_close
UPDATE retention_rule SET closed_at = greatest(:now, opened_at), closed_by = :client, closed_because = :because
WHERE tenant = :tenant AND id = :id AND closed_at IS NULL RETURNING id;

-- name: retention_rules_open
SELECT count(*) FROM retention_rule WHERE tenant = :tenant AND closed_at IS NULL;

-- name: category_by_key
SELECT g.id FROM tag g
WHERE g.tenant = :tenant AND g.key = :key
  AND (EXISTS (SELECT FROM tag_use u WHERE u.tenant = :tenant AND u.use = 'category' AND u.tag = g.id)
       OR EXISTS (SELECT FROM item_tag l WHERE l.tenant = :tenant AND l.tag = g.id AND l.is_category AND l.untied_at IS NULL));

-- name: legal_hold_add!
INSERT INTO legal_hold (tenant, id, person, item, reason, placed_by, placed_by_person, placed_at)
VALUES (:tenant, :id, :person, :item, :reason, :placed_by, :placed_by_person, :now);

-- name: legal_hold_get
SELECT * FROM legal_hold WHERE tenant = :tenant AND id = :id;

-- name: legal_hold_lift
UPDATE legal_hold SET lifted_at = greatest(:now, placed_at), lifted_by = :client, lifted_because = :because
WHERE tenant = :tenant AND id = :id AND lifted_at IS NULL RETURNING id;

-- name: legal_holds_page
SELECT * FROM legal_hold
WHERE tenant = :tenant AND (:person::uuid IS NULL OR person = :person) AND (:item::uuid IS NULL OR item = :item)
  AND (NOT :only_open OR lifted_at IS NULL) AND (:after::uuid IS NULL OR id > :after)
ORDER BY id LIMIT :count;

-- name: legal_holds_open
SELECT count(*) FROM legal_hold WHERE tenant = :tenant AND lifted_at IS NULL;

-- name: legal_holds_touching
-- Those that last, on a person and on items.
SELECT * FROM legal_hold
WHERE tenant = :tenant AND lifted_at IS NULL AND (person = :person OR item = ANY (:items::uuid[])) ORDER BY id;
