"""The Lua scripts of presence in Redis; each is one step, between whose parts nothing can come.

``KEYS[1]`` is what all keys begin with. A user in a stream is written ``stream/user``, and a socket
in one ``socket/stream``: there is no slash in the names of either.

- ``processes``: until when each has its lease. ``members:<process>``: its sockets in streams, with
  ``since/user``. ``sockets:<stream/user>``: the user's sockets there, with ``since/process``.
- ``users:<stream>``: its users, with ``since/announced/meta``. ``counts``: how many of a stream's
  are announced. ``new`` and ``due``: who is to be announced, and who may have left when.
- ``notices``, ``subject-of``, ``subjects`` and ``queue:<subject>``: what is to be announced, in
  order. ``claims``: until when a notice belongs to one who announces it.
- ``locks``: who holds each, ``s/socket`` or ``u/user``; ``held:<holder>`` is the reverse.
  ``locks-until``: until when the holder may appear.

Times are in milliseconds, by the clock of Redis; they are passed on as text, since Lua would write
them with an exponent.
"""

from __future__ import annotations

COMMON = """
local P = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function parts(joined) return string.match(joined, '^([^/]*)/(.*)$') end
local function user_parts(value) return string.match(value, '^(%d+)/(%d)/(.*)$') end

local function free(holder)
    for _, name in ipairs(redis.call('SMEMBERS', P .. 'held:' .. holder)) do
        redis.call('HDEL', P .. 'locks', name)
        redis.call('ZREM', P .. 'locks-until', name)
    end
    redis.call('DEL', P .. 'held:' .. holder)
end

local function leave(process, socket, stream, user, grace)
    if redis.call('HDEL', P .. 'members:' .. process, socket .. '/' .. stream) == 0 then return end
    redis.call('HDEL', P .. 'sockets:' .. stream .. '/' .. user, socket)
    if redis.call('HEXISTS', P .. 'users:' .. stream, user) == 1 then
        redis.call('ZADD', P .. 'due', 'GT', text(now + grace), stream .. '/' .. user)
    end
    if stream == '' then free('s/' .. socket) end
end

-- Returns how long ago the process's lease ended; below zero where it holds.
local function overdue(process)
    return now - tonumber(redis.call('ZSCORE', P .. 'processes', process) or 0)
end

local function is_there(stream, user, grace)
    local due = redis.call('ZSCORE', P .. 'due', stream .. '/' .. user)
    if due and tonumber(due) > now then return true end
    for _, value in ipairs(redis.call('HVALS', P .. 'sockets:' .. stream .. '/' .. user)) do
        local _, process = parts(value)
        if overdue(process) < grace then return true end
    end
    return false
end

local function owner(socket)
    for _, process in ipairs(redis.call('ZRANGE', P .. 'processes', 0, -1)) do
        local value = redis.call('HGET', P .. 'members:' .. process, socket .. '/')
        if value and overdue(process) <= 0 then
            local _, user = parts(value)
            return user
        end
    end
end

local function is_held(name, grace)
    local holder = redis.call('HGET', P .. 'locks', name)
    if not holder then return false end
    local till = redis.call('ZSCORE', P .. 'locks-until', name)
    if till and tonumber(till) >= now then return true end
    local kind, id = parts(holder)
    if kind == 's' then return owner(id) ~= nil end
    return is_there('', id, grace)
end

local function entry(user, since, meta)
    return '{"user":' .. cjson.encode(user) .. ',"since":' .. since .. ',"meta":' .. meta .. '}'
end

local function note(id, stream, subject, lists, first, last)
    local content = '{"id":"' .. id .. '","stream":"' .. stream .. '","first":' .. tostring(first)
        .. ',"last":' .. tostring(last)
    for kind, entries in pairs(lists) do
        content = content .. ',"' .. kind .. '":[' .. table.concat(entries, ',') .. ']'
    end
    redis.call('HSET', P .. 'notices', id, content .. '}')
    redis.call('HSET', P .. 'subject-of', id, subject)
    redis.call('RPUSH', P .. 'queue:' .. subject, id)
    redis.call('ZADD', P .. 'subjects', 'NX', text(now), subject)
end
"""

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

LISTED = """
local found = {}
for _, stream in ipairs(ARGV) do
    local users = {}
    local values = redis.call('HGETALL', P .. 'users:' .. stream)
    for i = 1, #values, 2 do
        local since, _, meta = user_parts(values[i + 1])
        users[#users + 1] = {values[i], since, meta}
    end
    found[#found + 1] = users
end
return found
"""

PRESENT = """
local grace = tonumber(ARGV[1])
local found = {}
for i = 2, #ARGV do
    local stream, users = ARGV[i], {}
    local values = redis.call('HGETALL', P .. 'users:' .. stream)
    for j = 1, #values, 2 do
        local user = values[j]
        if is_there(stream, user, grace) then
            local since, _, meta = user_parts(values[j + 1])
            local row = {user, since, meta}
            local sockets = redis.call('HGETALL', P .. 'sockets:' .. stream .. '/' .. user)
            for k = 1, #sockets, 2 do
                local opened, process = parts(sockets[k + 1])
                if overdue(process) <= 0 then
                    row[#row + 1] = opened .. '/' .. sockets[k]
                end
            end
            users[#users + 1] = row
        end
    end
    found[#found + 1] = users
end
return found
"""

ATTENDING = """
local found = {}
for i = 3, #ARGV do
    if is_there(ARGV[1], ARGV[i], tonumber(ARGV[2])) then found[#found + 1] = ARGV[i] end
end
return found
"""

SOCKETS_OF = """
local found = {}
for i, user in ipairs(ARGV) do
    local row, sockets = {}, redis.call('HGETALL', P .. 'sockets:/' .. user)
    for j = 1, #sockets, 2 do
        local opened, process = parts(sockets[j + 1])
        if overdue(process) <= 0 then row[#row + 1] = opened .. '/' .. sockets[j] end
    end
    found[i] = row
end
return found
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

LOCK = """
local name, holder, lease, grace = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local present = redis.call('HGET', P .. 'locks', name)
if present == holder then return 1 end
if present then
    if is_held(name, grace) then return 0 end
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
