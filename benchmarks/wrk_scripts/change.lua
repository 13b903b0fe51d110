-- Each request changes one of the first HOT orders, as a busy shop does.
dofile(os.getenv("SCRIPTS") .. "/report.lua")
local run, count, hot = os.getenv("RUN"), 0, tonumber(os.getenv("HOT"))
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Token " .. os.getenv("TOKEN") }

function request()
  count = count + 1
  local body = string.format('{"customer_name": "%s %d", "total_amount": 12.56}', run, count)
  return wrk.format("PATCH", "/orders/update/" .. (count % hot + 1) .. "/", headers, body)
end
