"""The scripts of locks."""

from __future__ import annotations

LOCK = """
local name, holder, lease, grace = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local present = redis.call('HGET', P .. 'locks', name)
if present and is_held(name, grace) then
    if present ~= holder then return 0 end
    if has_appeared(holder, grace) then return 1 end
elseif present then
    redis.call('SREM', P .. 'held:' .. present, name)
end
redis.call('HSET', P .. 'locks', name, holder)
redis.call('SADD', P .. 'held:' .. holder, name)
redis.call('ZADD', P .. 'locks-until', text(now + lease), name)
return 1
"""

UNLOCK = """
local name, holder = unpack(ARGV)
if redis.call('HGET', P .. 'locks', name) ~= holder then return 0 end
redis.call('HDEL', P .. 'locks', name)
redis.call('SREM', P .. 'held:' .. holder, name)
redis.call('ZREM', P .. 'locks-until', name)
return 1
"""

HOLDERS = """
local found = {}
for i = 2, #ARGV do
    if is_held(ARGV[i], tonumber(ARGV[1])) then
        local kind, id = parts(redis.call('HGET', P .. 'locks', ARGV[i]))
        found[#found + 1] = {ARGV[i], kind, id, kind == 's' and owner(id) or ''}
    end
end
return found
"""
