-- name: exemption_add!
INSERT INTO exemption (tenant, id, person, assignment, item, from_on, until_on, reason, evidence, granted_by,
                       granted_by_person, granted_at)
VALUES (:tenant, :id, :person, :assignment, :item, :from_on, :until_on, :reason, :evidence, :granted_by,
        :granted_by_person, :now);

-- name: extension_add!
INSERT INTO extension (tenant, id, person, assignment, cycle, due_on, granted_on, reason, evidence, granted_by,
                       granted_by_person, granted_at)
VALUES (:tenant, :id, :person, :assignment, :cycle, :due_on, :granted_on, :reason, :evidence, :granted_by,
        :granted_by_person, :now);

-- name: exemption_withdraw
UPDATE exemption SET withdrawn_at = :now, withdrawn_by = :withdrawn_by, withdrawn_because = :because
WHERE tenant = :tenant AND id = :id AND withdrawn_at IS NULL RETURNING *;

-- name: extension_withdraw
UPDATE extension SET withdrawn_at = :now, withdrawn_by = :withdrawn_by, withdrawn_because = :because
WHERE tenant = :tenant AND id = :id AND withdrawn_at IS NULL RETURNING *;

-- name: exemption_get
SELECT * FROM exemption WHERE tenant = :tenant AND id = :id;

-- name: extension_get
SELECT * FROM extension WHERE tenant = :tenant AND id = :id;

-- name: exemptions_page
SELECT * FROM exemption
WHERE tenant = :tenant AND (:person::uuid IS NULL OR person = :person)
  AND (:assignment::uuid IS NULL OR assignment = :assignment) AND (:after::uuid IS NULL OR id > :after)
ORDER BY id LIMIT :count;

-- name: extensions_page
SELECT * FROM extension
WHERE tenant = :tenant AND (:person::uuid IS NULL OR person = :person)
  AND (:assignment::uuid IS NULL OR assignment = :assignment) AND (:after::uuid IS NULL OR id > :after)
ORDER BY id LIMIT :count;
