-- Whether l is a version of a calendar as calendar/invites.py writes it: `series`, `sequence` and `until` are texts that
-- can be read as what they stand for. Any other is passed over, since one cast that raises stops everybody's messages.
-- By the letter, not by regular expressions, which take ten times as long; a sweep looks at what every calendar holds.
l.series like 'group\_%/user\_%'
and translate(l.series, '0123456789', '') in ('group_/user_', 'group_/user_~rehearsal')
and length(split_part(l.series, '/', 1)) between 7 and 24
and length(split_part(split_part(l.series, '/', 2), '~', 1)) between 6 and 23
and translate(l.sequence, '0123456789', '') = ''
and length(l.sequence) between 1 and 9
and l.until like '____-__-__T__:__:__+00:00'
and translate(l.until, '0123456789-', '') = 'T::+:'
and l.until > '0001'
and substr(l.until, 6, 2) between '01' and '12'
and substr(l.until, 9, 2) between '01' and '31'
and substr(l.until, 12, 2) <= '23'
and substr(l.until, 15, 2) <= '59'
and substr(l.until, 18, 2) <= '59'
