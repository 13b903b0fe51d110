-- Each request makes an order of its own. RUN keeps the numbers of one load apart from those of another.
dofile(os.getenv("SCRIPTS") .. "/report.lua")
local run, count = os.getenv("RUN"), 0
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Token " .. os.getenv("TOKEN") }

function request()
  count = count + 1
  local body = string.format(
    '{"order_number": "%s-%d", "customer_name": "John Doe", "total_amount": 1234.56}', run, count)
  return wrk.format("POST", nil, headers, body)
end
