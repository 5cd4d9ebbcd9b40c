-- Requests for wrk, by the files that bench/load.py writes. Arguments: folder, kind, first number.
-- The request's head is built once; a request is then two or three strings put together.

local COMPLETION = '{"userId":"%s","contentId":"%s","completedAt":"%s"}'
local MARK = "@id@"

local function lines(path)
  local found = {}
  for line in io.lines(path) do found[#found + 1] = line end
  return found
end

local function posts(folder, first)
  local people, items = lines(folder .. "/people"), lines(folder .. "/items")
  local base, stride = 1577836800, 104729 -- as in bench/load.py
  local sample = COMPLETION:format(people[1], items[1], "2020-01-01T00:00:00.000Z")
  local head = wrk.format("POST", wrk.path, wrk.headers, sample):sub(1, -#sample - 1)
  local number = first
  return function()
    local pair = (number * stride) % (#people * #items)
    local person, item = people[pair % #people + 1], items[math.floor(pair / #people) + 1]
    local at = os.date("!%Y-%m-%dT%H:%M:%S.000Z", base + number)
    number = number + 1
    return head .. COMPLETION:format(person, item, at)
  end
end

local function gets(folder)
  local ids = lines(folder .. "/ids")
  local whole = wrk.format("GET", wrk.path, wrk.headers)
  local from, to = whole:find(MARK, 1, true)
  if not from then return function() return whole end end
  local before, after = whole:sub(1, from - 1), whole:sub(to + 1)
  math.randomseed(os.time())
  return function() return before .. ids[math.random(#ids)] .. after end
end

function init(args)
  request = args[2] == "post" and posts(args[1], tonumber(args[3])) or gets(args[1])
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
