"""The scripts that note who comes and goes, and what follows from it."""

from __future__ import annotations

REGISTER = """
redis.call('ZADD', P .. 'processes', text(now + ARGV[2]), ARGV[1])
return redis.call('HGETALL', P .. 'members:' .. ARGV[1])
"""

WRITE = """
local process, lease, joins, leaves = unpack(ARGV)
if not redis.call('ZSCORE', P .. 'processes', process) then return 0 end
redis.call('ZADD', P .. 'processes', text(now + lease), process)
for _, gone in ipairs(cjson.decode(leaves)) do
    leave(process, unpack(gone))
end
for _, member in ipairs(cjson.decode(joins)) do
    local socket, stream, user, since, meta = unpack(member)
    local attends = stream .. '/' .. user
    redis.call('HSET', P .. 'members:' .. process, socket .. '/' .. stream, since .. '/' .. user)
    redis.call('HSET', P .. 'sockets:' .. attends, socket, since .. '/' .. process)
    if redis.call('HSETNX', P .. 'users:' .. stream, user, text(now) .. '/0/' .. meta) == 1 then
        redis.call('ZADD', P .. 'new', text(now), attends)
    end
    redis.call('ZREM', P .. 'due', attends)
end
return 1
"""

TAKE_OVER = """
for _, process in ipairs(redis.call('ZRANGEBYSCORE', P .. 'processes', '-inf', text(now - 1))) do
    local members = redis.call('HGETALL', P .. 'members:' .. process)
    for i = 1, #members, 2 do
        local socket, stream = parts(members[i])
        local _, user = parts(members[i + 1])
        leave(process, socket, stream, user, ARGV[1])
    end
    redis.call('ZREM', P .. 'processes', process)
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'locks-until', '-inf', text(now - 1))) do
    if not is_held(name, tonumber(ARGV[1])) then
        redis.call('SREM', P .. 'held:' .. redis.call('HGET', P .. 'locks', name), name)
        redis.call('HDEL', P .. 'locks', name)
    end
    redis.call('ZREM', P .. 'locks-until', name)
end
"""

SETTLE = """
local notice_users, seed, batch = ARGV[1] == '1', ARGV[2], tonumber(ARGV[3])
local changes, order, ids = {}, {}, 0
local function of(stream)
    if not changes[stream] then
        local before = tonumber(redis.call('HGET', P .. 'counts', stream) or 0)
        changes[stream] = {before = before, join = {}, leave = {}, fresh = {}}
        order[#order + 1] = stream
    end
    return changes[stream]
end
local function add(stream, kind, user, since, meta)
    local list = of(stream)[kind]
    list[#list + 1] = entry(user, since, meta)
    if stream == '' and notice_users then
        ids = ids + 1
        local id = seed .. string.format('%08x', ids)
        note(id, '', '/' .. user, {[kind] = {list[#list]}}, false, false)
    end
end

local new = redis.call('ZRANGE', P .. 'new', 0, batch - 1)
for _, attends in ipairs(new) do
    local stream, user = parts(attends)
    redis.call('ZREM', P .. 'new', attends)
    local value = redis.call('HGET', P .. 'users:' .. stream, user)
    if value then
        local since, _, meta = user_parts(value)
        of(stream).fresh[user] = true
        add(stream, 'join', user, since, meta)
        redis.call('HSET', P .. 'users:' .. stream, user, since .. '/1/' .. meta)
        redis.call('HINCRBY', P .. 'counts', stream, 1)
    end
end

local due = redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', text(now), 'LIMIT', 0, batch)
for _, attends in ipairs(due) do
    local stream, user = parts(attends)
    local since, announced, meta = user_parts(redis.call('HGET', P .. 'users:' .. stream, user))
    if redis.call('EXISTS', P .. 'sockets:' .. attends) == 1 then
        redis.call('ZREM', P .. 'due', attends)
    elseif announced == '1' and not of(stream).fresh[user] then
        redis.call('ZREM', P .. 'due', attends)
        redis.call('HDEL', P .. 'users:' .. stream, user)
        redis.call('HINCRBY', P .. 'counts', stream, -1)
        add(stream, 'leave', user, since, meta)
        if stream == '' then free('u/' .. user) end
    end
end

for _, stream in ipairs(order) do
    local one = changes[stream]
    local after = one.before + #one.join - #one.leave
    if after == 0 then redis.call('HDEL', P .. 'counts', stream) end
    if stream ~= '' and #one.join + #one.leave > 0 then
        ids = ids + 1
        note(seed .. string.format('%08x', ids), stream, stream,
             {join = one.join, leave = one.leave}, one.before == 0 and after > 0,
             one.before > 0 and after == 0)
    end
end

local waiting = redis.call('ZCARD', P .. 'new') > 0
local first = redis.call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')
return {
    redis.call('EXISTS', P .. 'notices'),
    (#new == batch or #due == batch) and 1 or 0,
    waiting and '0' or first[2] and text(math.max(0, first[2] - now)) or '',
}
"""

UPDATE = """
local stream, user, meta, id = unpack(ARGV)
local value = redis.call('HGET', P .. 'users:' .. stream, user)
if not value then return 0 end
local since, announced, before = user_parts(value)
if before == meta then return 0 end
redis.call('HSET', P .. 'users:' .. stream, user, since .. '/' .. announced .. '/' .. meta)
if announced == '0' then return 0 end
note(id, stream, stream, {update = {entry(user, since, meta)}}, false, false)
return 1
"""
