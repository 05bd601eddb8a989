"""The scripts that read who is there."""

from __future__ import annotations

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
