-- Sends the requests of a file over and over, in order: a line each, with method, target and body between tabs.
dofile(os.getenv("SCRIPTS") .. "/report.lua")
local requests, count, headers = {}, 0, {}
for name, value in os.getenv("HEADERS"):gmatch("([^:\n]+): ([^\n]*)") do
  headers[name] = value
end

function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    local method, target, body = line:match("^(%S+)\t(%S+)\t(.*)$")
    requests[#requests + 1] = wrk.format(method, target, headers, body ~= "" and body or nil)
  end
end

function request()
  count = count + 1
  return requests[(count - 1) % #requests + 1]
end
