-- A record as StackOne's unified completion: every field of every edition. wire.Completion describes the same.
SELECT opaque(named.record) AS id,
       named.record AS remote_id,
       r.extra -> 'unified_custom_fields' AS unified_custom_fields,
       r.source_id AS external_reference,
       CASE r.passed WHEN true THEN '{"value":"Pass","source_value":"Pass"}'::json
                     WHEN false THEN '{"value":"Fail","source_value":"Fail"}'::json END AS result,
       instant(r.completed_at) AS completed_at,
       instant(r.created_at) AS created_at,
       instant(r.updated_at) AS updated_at,
       CASE r.item_kind WHEN 'course' THEN '{"value":"course","source_value":"course"}'::json
                        WHEN 'content' THEN '{"value":"content","source_value":"content"}'::json
                        WHEN 'collection' THEN '{"value":"collection","source_value":"collection"}'::json
                        WHEN 'outside' THEN '{"value":"unmapped_value","source_value":"outside"}'::json
           END AS learning_object_type,
       named.opaque_item AS learning_object_id,
       named.item AS remote_learning_object_id,
       named.item_ref AS learning_object_external_reference,
       opaque(named.person) AS user_id,
       named.person AS remote_user_id,
       r.source_id AS external_id,
       CASE WHEN r.item_kind = 'content' THEN named.item_ref END AS content_external_reference,
       named.record AS remote_external_id,
       CASE WHEN r.item_kind = 'content' THEN named.opaque_item END AS content_id,
       CASE WHEN r.item_kind = 'content' THEN named.item END AS remote_content_id,
       CASE WHEN r.item_kind = 'course' THEN named.opaque_item END AS course_id,
       CASE WHEN r.item_kind = 'course' THEN named.item END AS remote_course_id,
       r.time_spent,
       CASE WHEN r.certificate LIKE 'https://%' OR r.certificate LIKE 'http://%' THEN r.certificate
           END AS certificate_url,
       CASE WHEN r.score_percent IS NOT NULL OR r.score_text IS NOT NULL
            THEN json_build_object('percentage', r.score_percent::float8, 'raw_value', r.score_text) END AS score
-- Whatever is said twice is worked out once.
FROM (SELECT hex.*, opaque(hex.item) AS opaque_item
      FROM (SELECT hex24(r.id) AS record, hex24(r.item) AS item, hex24(r.person) AS person, r.item_ref OFFSET 0) AS hex
      OFFSET 0) AS named
