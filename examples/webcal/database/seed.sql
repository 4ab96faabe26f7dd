-- The same rows every time: 20 users, 8 categories, 8 entries for every day of 2013 and 2014, two participants each,
-- and 60 of the entries of early 2013 come again.
-- All users have the password "calendar"; the hash is bcrypt of cost 8.
INSERT INTO users (id, login, full_name, password_hash)
SELECT seq, CONCAT('user', seq), CONCAT('Calendar User ', seq),
       '$2y$08$5Py5sTfBvUuN9hpwVJqv6.3qckzBxvJ2Lk4m1ACuXdw.KxVkn16LO'
FROM seq_1_to_20;

INSERT INTO categories (id, name, colour) VALUES
  (1, 'Meeting', '#3b6ea5'), (2, 'Lecture', '#7a4fa3'), (3, 'Travel', '#2f8f6b'), (4, 'Deadline', '#b03a2e'),
  (5, 'Seminar', '#b9770e'), (6, 'Holiday', '#1e8449'), (7, 'Personal', '#5d6d7e'), (8, 'Maintenance', '#6e2c00');

-- Entry k of day d begins between 8 and 18 o'clock and lasts 30 to 120 minutes; the multipliers spread the values.
INSERT INTO entries (owner, category, title, description, starts_at, ends_at, is_public)
SELECT 1 + (d.seq * 7 + k.seq * 13) % 20,
       1 + (d.seq * 5 + k.seq * 3) % 8,
       CONCAT(ELT(1 + (d.seq + k.seq) % 6, 'Review of', 'Planning of', 'Talk about', 'Work on', 'Visit to', 'Call on'),
              ' ', ELT(1 + (d.seq * 3 + k.seq) % 7, 'the library', 'phase two', 'the budget', 'the network',
                       'laboratory 4', 'the archive', 'the new hall')),
       CONCAT('Entry ', k.seq, ' of day ', d.seq, ': please bring the papers of the last time and be there early. ',
              REPEAT('Further notes follow. ', (d.seq + k.seq) % 5)),
       '2013-01-01 08:00:00' + INTERVAL d.seq DAY + INTERVAL ((d.seq * 11 + k.seq * 83) % 600) MINUTE,
       '2013-01-01 08:00:00' + INTERVAL d.seq DAY
         + INTERVAL ((d.seq * 11 + k.seq * 83) % 600 + 30 + (d.seq + k.seq) % 4 * 30) MINUTE,
       (d.seq + k.seq) % 9 <> 0
FROM seq_0_to_729 AS d CROSS JOIN seq_1_to_8 AS k;

INSERT INTO participants (entry, user, status)
SELECT e.id, 1 + (e.id * 3 + n.seq * 7) % 20, ELT(1 + (e.id + n.seq) % 3, 'accepted', 'declined', 'waiting')
FROM entries AS e CROSS JOIN seq_1_to_2 AS n;

INSERT INTO repeats (entry, unit, every, last_day)
SELECT id, ELT(1 + id % 3, 'day', 'week', 'month'), CASE id % 3 WHEN 0 THEN 5 + id % 4 ELSE 1 + id % 2 END, '2014-12-31'
FROM entries WHERE id <= 600 AND id % 10 = 0;
