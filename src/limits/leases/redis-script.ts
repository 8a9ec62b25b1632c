/**
 * The authority inside of Redis or Valkey, the same as `memory-authority.ts` step by step, run as one script, so that
 * nothing comes in between. What stands where, under one prefix:
 *
 * - `clock`: `last`, the server's time of the last message; `now`, the authority's own clock; `remembered`, as many members
 *   as any of them remembers
 * - `members`: of each member `SEEN SEQ`
 * - `recall:MEMBER`: the keys that it is to give back of
 * - `k:KEY`: `b` the base; `e:MEMBER` its entry, `ALLOTTED USED STEP AT`; `o:MEMBER` its orphan, `AMOUNT UNTIL`, of a
 *   period with -1; `u:MEMBER` what it holds that could not say yet what of it is stored, `ALLOTTED AT`
 *
 * KEYS: clock, members, the beginning of recall keys, then the key of each report.
 * ARGV: member, seq, is leaving, remembered members, five spans, then of each report kind, maximum, allotted, used, step, wanted,
 * needed, base or nothing, milliseconds to keep.
 * Answer: is stale, server's time, members, grace, number of recalled keys, these, then of each report is unknown,
 * allotted, step, unallotted, used elsewhere, free elsewhere. All are texts, since numbers would lose digits.
 */
export const redisScript = `
local function text(number) return string.format('%.0f', number) end
local member, seq, leaving = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local remembered = tonumber(ARGV[4])
local leaseMs, beatMs, graceSpan, windowMs, staleMs =
  tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local longKept = 41 * 86400000

local time = redis.call('TIME')
local wall = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local clock = redis.call('HMGET', KEYS[1], 'last', 'now', 'remembered')
local now = 0
if clock[1] then
  now = tonumber(clock[2]) + math.min(beatMs, math.max(0, wall - tonumber(clock[1])))
else
  redis.call('DEL', KEYS[2])
end
remembered = math.max(remembered, tonumber(clock[3] or '0'))
redis.call('HSET', KEYS[1], 'last', text(wall), 'now', text(now), 'remembered', text(remembered))
redis.call('PEXPIRE', KEYS[1], longKept)

local seen, knownSeq, live = {}, nil, 0
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local at, number = string.match(all[i + 1], '(%S+) (%S+)')
  seen[all[i]] = tonumber(at)
  if all[i] == member then knownSeq = tonumber(number) end
  if now - tonumber(at) > 3600000 then redis.call('HDEL', KEYS[2], all[i]) end
end
local stale = knownSeq ~= nil and knownSeq >= seq
if not stale then seen[member] = now end
for _, at in pairs(seen) do if now - at <= leaseMs then live = live + 1 end end
local grace = 0
if graceSpan > 0 then grace = math.max(0, (live < remembered and leaseMs or graceSpan) - now) end

local reply = { stale and '1' or '0', text(wall), text(live), text(grace) }
if stale then
  reply[5] = '0'
  return reply
end
redis.call('HSET', KEYS[2], member, text(leaving and now - leaseMs - 1 or now) .. ' ' .. text(seq))
redis.call('PEXPIRE', KEYS[2], longKept)
local slots = {}

local function recall(entries, key)
  for other, entry in pairs(entries) do
    if other ~= member and entry[1] > 0 and (entry[1] > entry[2] or now - entry[4] > staleMs) then
      redis.call('SADD', KEYS[3] .. other, key)
      redis.call('PEXPIRE', KEYS[3] .. other, 600000)
    end
  end
end

for i = 4, #KEYS do
  local key, first = KEYS[i], 10 + (i - 4) * 9
  local kind = ARGV[first]
  local maximum, asked, used, askedStep, wanted, needed = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2]),
    tonumber(ARGV[first + 3]), tonumber(ARGV[first + 4]), tonumber(ARGV[first + 5]), tonumber(ARGV[first + 6])
  local givenBase, kept = tonumber(ARGV[first + 7]), tonumber(ARGV[first + 8])
  local base, entries, orphans, pending, isPending = nil, {}, {}, 0, false
  local fields = redis.call('HGETALL', key)
  for f = 1, #fields, 2 do
    local name, value = fields[f], fields[f + 1]
    local owner = string.sub(name, 3)
    if name == 'b' then
      base = tonumber(value)
    elseif string.sub(name, 1, 2) == 'e:' then
      local a, u, s, t = string.match(value, '(%S+) (%S+) (%S+) (%S+)')
      entries[owner] = { tonumber(a), tonumber(u), tonumber(s), tonumber(t) }
    elseif string.sub(name, 1, 2) == 'u:' then
      local held, at = string.match(value, '(%S+) (%S+)')
      if owner == member then
        isPending = true
      elseif now - tonumber(at) <= leaseMs then
        pending = pending + tonumber(held)
      end
    else
      local amount, ends = string.match(value, '(%S+) (%S+)')
      orphans[owner] = { tonumber(amount), tonumber(ends) }
    end
  end
  for owner, entry in pairs(entries) do
    local at = seen[owner] or (now - leaseMs - 1)
    if owner ~= member and now - at > leaseMs then
      local amount = math.max(entry[2], math.min(entry[1], entry[2] + entry[3]))
      entries[owner] = nil
      redis.call('HDEL', key, 'e:' .. owner)
      if kind ~= 'places' and amount > 0 then
        local ends = kind == 'period' and -1 or at + leaseMs + windowMs
        orphans[owner] = { amount, ends }
        redis.call('HSET', key, 'o:' .. owner, text(amount) .. ' ' .. text(ends))
      end
    end
  end
  for owner, orphan in pairs(orphans) do
    if orphan[2] >= 0 and orphan[2] <= now then
      orphans[owner] = nil
      redis.call('HDEL', key, 'o:' .. owner)
    end
  end
  local unknown = false
  if kind == 'period' then
    local known = base ~= nil and ((asked == 0 and used == 0) or entries[member] or orphans[member])
    unknown = not known and givenBase == nil
    if not unknown and base == nil then
      base = givenBase
      redis.call('HSET', key, 'b', text(base))
    end
  end
  if unknown then
    redis.call('HSET', key, 'u:' .. member, text(asked) .. ' ' .. text(now))
    redis.call('PEXPIRE', key, kept)
    for _, part in ipairs({ '1', '0', '0', '0', '0', '0' }) do slots[#slots + 1] = part end
  else
    if isPending then redis.call('HDEL', key, 'u:' .. member) end
    if orphans[member] then
      orphans[member] = nil
      redis.call('HDEL', key, 'o:' .. member)
    end
    local others, freeElsewhere = base or 0, 0
    for _, orphan in pairs(orphans) do others = others + orphan[1] end
    local usedElsewhere = others
    for owner, entry in pairs(entries) do
      if owner ~= member then
        others = others + entry[1]
        usedElsewhere = usedElsewhere + entry[2]
        freeElsewhere = freeElsewhere + entry[1] - entry[2]
      end
    end
    local room = maximum - others
    local allotted = math.max(used, math.min(asked, room))
    if leaving then allotted = used end
    local unallotted = room - allotted
    local grantable = unallotted - pending
    if wanted > 0 and grantable > 0 and grace == 0 and not leaving then
      local granted = math.min(grantable, math.max(wanted, math.floor(grantable / (2 * live))))
      allotted = allotted + granted
      unallotted = unallotted - granted
      if granted < wanted then recall(entries, key) end
    elseif wanted > 0 or unallotted < 0 then
      recall(entries, key)
    end
    local free = allotted - used
    local step = math.max(math.ceil(free / 4), math.min(needed, free))
    if leaving and kind == 'period' then
      redis.call('HDEL', key, 'e:' .. member)
      redis.call('HSET', key, 'b', text((base or 0) + used))
    else
      redis.call('HSET', key, 'e:' .. member,
        text(allotted) .. ' ' .. text(used) .. ' ' .. text(math.max(step, askedStep)) .. ' ' .. text(now))
    end
    redis.call('PEXPIRE', key, kept)
    local parts = { '0', text(allotted), text(step), text(unallotted), text(usedElsewhere), text(freeElsewhere) }
    for _, part in ipairs(parts) do slots[#slots + 1] = part end
  end
end

local recalled = redis.call('SMEMBERS', KEYS[3] .. member)
if #recalled > 0 then redis.call('DEL', KEYS[3] .. member) end
reply[5] = text(#recalled)
for _, key in ipairs(recalled) do reply[#reply + 1] = key end
for _, part in ipairs(slots) do reply[#reply + 1] = part end
return reply
`;
