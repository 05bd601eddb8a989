"""The scripts for what is still to be announced."""

from __future__ import annotations

PENDING = """
local found = {}
for _, subject in ipairs(redis.call('ZRANGE', P .. 'subjects', 0, ARGV[1] - 1)) do
    local id = redis.call('LINDEX', P .. 'queue:' .. subject, 0)
    local till = id and redis.call('ZSCORE', P .. 'claims', id)
    if id and not (till and tonumber(till) > now) then found[#found + 1] = id end
end
return found
"""

CLAIM = """
local id, seconds = unpack(ARGV)
local subject = redis.call('HGET', P .. 'subject-of', id)
if not subject or redis.call('LINDEX', P .. 'queue:' .. subject, 0) ~= id then return false end
local till = redis.call('ZSCORE', P .. 'claims', id)
if till and tonumber(till) > now then return false end
redis.call('ZADD', P .. 'claims', text(now + seconds * 1000), id)
return redis.call('HGET', P .. 'notices', id)
"""

DONE = """
local subject = redis.call('HGET', P .. 'subject-of', ARGV[1])
if not subject then return end
redis.call('LREM', P .. 'queue:' .. subject, 1, ARGV[1])
if redis.call('EXISTS', P .. 'queue:' .. subject) == 0 then
    redis.call('ZREM', P .. 'subjects', subject)
end
redis.call('HDEL', P .. 'notices', ARGV[1])
redis.call('HDEL', P .. 'subject-of', ARGV[1])
redis.call('ZREM', P .. 'claims', ARGV[1])
"""
