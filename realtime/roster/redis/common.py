"""What the Lua scripts of presence share; each is one step, in which nothing can come between.

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

local function has_appeared(holder, grace)
    local kind, id = parts(holder)
    if kind == 's' then return owner(id) ~= nil end
    return is_there('', id, grace)
end

local function is_held(name, grace)
    local holder = redis.call('HGET', P .. 'locks', name)
    if not holder then return false end
    local till = redis.call('ZSCORE', P .. 'locks-until', name)
    if till and tonumber(till) >= now then return true end
    return has_appeared(holder, grace)
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
