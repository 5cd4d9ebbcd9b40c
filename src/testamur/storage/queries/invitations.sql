-- name: invitation_add!
INSERT INTO invitation (tenant, id, email, given_name, family_name, role, groups, invited_at)
VALUES (:tenant, :id, :email, :given_name, :family_name, :role, :groups, :now);

-- name: invitation_get
SELECT * FROM invitation WHERE tenant = :tenant AND id = :id;

-- name: invitation_pending_to
SELECT id FROM invitation
WHERE tenant = :tenant AND email = :email AND accepted_at IS NULL AND withdrawn_at IS NULL;

-- name: invitations_pending
-- In order of id. A single one is a range too, as in people_keyset.
SELECT * FROM invitation
WHERE tenant = :tenant AND accepted_at IS NULL AND withdrawn_at IS NULL
  AND id > :after::uuid AND id >= :first::uuid AND id <= :last::uuid
ORDER BY id LIMIT :count;

-- name: invitation_withdraw!
UPDATE invitation SET withdrawn_at = :now WHERE tenant = :tenant AND id = :id;

-- name: invitation_accept!
UPDATE invitation SET accepted_at = :now, person = :person WHERE tenant = :tenant AND id = :id;

-- name: person_invitations_withdraw
-- What is pending to the addresses of somebody who is deleted.
UPDATE invitation SET withdrawn_at = :now
WHERE tenant = :tenant AND accepted_at IS NULL AND withdrawn_at IS NULL
  AND email IN (SELECT i.value FROM person_identifier i
                WHERE i.tenant = :tenant AND i.person = :person AND i.kind = 'email')
RETURNING id;

-- name: person_invitations_empty!
-- Who she was goes from every invitation of hers. None of them is pending.
UPDATE invitation SET email = NULL, given_name = '', family_name = ''
WHERE tenant = :tenant
  AND (person = :person
       OR email IN (SELECT i.value FROM person_identifier i
                    WHERE i.tenant = :tenant AND i.person = :person AND i.kind = 'email'));
