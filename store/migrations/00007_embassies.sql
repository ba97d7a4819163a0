-- Who is an embassy rep (A7).

-- +goose Up

-- An embassy that is out of use makes its reps no insiders: they are embassy reps until they are in an ordinary team that is
-- in use. Who is in no team stays what they were.
UPDATE reps SET embassy = CASE WHEN permissions LIKE '%"see_outside_embassy"%'
        OR EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = reps.id AND t.embassy = 0 AND t.disabled = 0) THEN 0
    WHEN EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = reps.id AND t.embassy = 1) THEN 1 ELSE 0 END
    WHERE EXISTS (SELECT 1 FROM team_members m WHERE m.rep_id = reps.id);

-- +goose Down
UPDATE reps SET embassy = CASE WHEN permissions NOT LIKE '%"see_outside_embassy"%'
    AND EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = reps.id AND t.disabled = 0)
    AND NOT EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = reps.id AND t.disabled = 0 AND t.embassy = 0) THEN 1 ELSE 0 END
    WHERE EXISTS (SELECT 1 FROM team_members m WHERE m.rep_id = reps.id);
