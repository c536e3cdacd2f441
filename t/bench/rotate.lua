-- Sends the request of one case with one token after another.
--
-- usage: wrk ... -s rotate.lua URL -- CASE FILE
--   FILE: a line a token: token, path, company. BODY follows in FILE.body.

local requests = {}
local body
local n = 0

function init(args)
    local name, file = args[1], args[2]
    local post = name:find("^POST") ~= nil

    if post then
        local handle = assert(io.open(file .. ".body", "rb"))
        body = handle:read("*a")
        handle:close()
    end

    for line in io.lines(file) do
        local token, path, company = line:match("^(%S+) (%S+) (%S+)$")
        local head = {
            (post and "POST " or "GET ") .. path .. " HTTP/1.1",
            "Host: " .. wrk.host,
            "Authorization: Bearer " .. token,
            "Procore-Company-Id: " .. company,
        }
        if post then
            head[#head + 1] = "Content-Type: application/json"
            head[#head + 1] = "Content-Length: " .. #body
        end
        requests[#requests + 1] = table.concat(head, "\r\n") .. "\r\n\r\n"
    end
end

function request()
    n = n % #requests + 1
    return body and requests[n] .. body or requests[n]
end
