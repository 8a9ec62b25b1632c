/**
 * The authority inside of Redis or Valkey, the same as `memory-authority.ts` step by step, run as one script, so that
 * nothing comes in between. What stands where, under one prefix:
 *
 * - `clock`: `last`, the server's time of the last message; `now`, the authority's own clock; `epoch`, `view`
 * - `members`: of each member `SEEN SEQ JOINED VIEW HEARD NEW LISTED`, as in `member-list.ts`
 * - `recall:MEMBER`: the keys that it is to give back of
 * - `k:KEY`: `b` the base; `e:MEMBER` its entry, `ALLOTTED USED STEP AT`; `o:MEMBER` its orphan, `AMOUNT UNTIL`, of a
 *   period with -1; `u:MEMBER` what it holds that could not say yet what of it is stored, `ALLOTTED STEP AT`
 *
 * KEYS: clock, members, the beginning of recall keys, then the key of each report.
 * ARGV: member, seq, is leaving, epoch, view, the others that it remembers or `-`, six spans, then of each report kind, maximum, allotted, used, step, wanted, needed, base or nothing, milliseconds to keep.
 * Answer: is stale, epoch, is asking, the others or `-`, server's time, members, grace, view, number of recalled keys,
 * these, then of each report is unknown, allotted, step, unallotted, used elsewhere, free elsewhere. All are texts, since
 * numbers would lose digits.
 */
export const redisScript = `
local function text(number) return string.format('%.0f', number) end
local function flag(truth) return truth and '1' or '0' end
local member, seq, leaving, epoch, view = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4], tonumber(ARGV[5])
local remembered = ARGV[6]
local leaseMs, beatMs, graceMs, missingMs, windowMs, staleMs =
  tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local longKept = 41 * 86400000

local time = redis.call('TIME')
local wall = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local clock = redis.call('HMGET', KEYS[1], 'last', 'now', 'epoch', 'view')
local now, ownEpoch, ownView = 0, clock[3], tonumber(clock[4] or '0')
if clock[1] then
  now = tonumber(clock[2]) + math.min(beatMs, math.max(0, wall - tonumber(clock[1])))
else
  redis.call('DEL', KEYS[2])
  ownEpoch = member .. ':' .. text(seq)
end

local list = {}
local function keep(name)
  local one = list[name]
  redis.call('HSET', KEYS[2], name, text(one.seen) .. ' ' .. text(one.seq) .. ' ' .. text(one.joined) .. ' ' ..
    text(one.view) .. ' ' .. flag(one.heard) .. ' ' .. flag(one.new) .. ' ' .. flag(one.listed))
end
local function join(name, heard)
  ownView = ownView + 1
  list[name] = { seen = 0, seq = 0, joined = ownView, view = 0, heard = heard, new = true, listed = true }
end
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local at, number, joined, known, heard, new, listed =
    string.match(all[i + 1], '(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)')
  local one = { seen = tonumber(at), seq = tonumber(number), joined = tonumber(joined), view = tonumber(known),
    heard = heard == '1', new = new == '1', listed = listed == '1' }
  list[all[i]] = one
  if one.listed and now - one.seen > leaseMs + windowMs then
    one.listed = false
    ownView = ownView + 1
    keep(all[i])
  end
  if now - one.seen > 3600000 then
    list[all[i]] = nil
    redis.call('HDEL', KEYS[2], all[i])
  end
end

local before = list[member]
local stale = before ~= nil and before.seq >= seq
local same, new = epoch == ownEpoch, epoch == ''
if not stale then
  if not (before and before.listed) then join(member, not before or before.heard) end
  local own = list[member]
  if not same and not new and graceMs > 0 then own.heard = false end
  if not new then own.new = false end
  own.seen = leaving and now - leaseMs - 1 or now
  own.seq = seq
  if same then own.view = math.max(own.view, view) end
  if same and remembered ~= '-' and not own.heard then
    own.heard = true
    for name in string.gmatch(remembered, '%S+') do
      local other = list[name]
      if not other then
        join(name, false)
      elseif other.new then
        other.heard = false
      end
      keep(name)
    end
  end
  keep(member)
end
redis.call('HSET', KEYS[1], 'last', text(wall), 'now', text(now), 'epoch', ownEpoch, 'view', text(ownView))
redis.call('PEXPIRE', KEYS[1], longKept)
redis.call('PEXPIRE', KEYS[2], longKept)
if stale then return { '1', '', '0', '-', text(wall), '0', '0', '0', '0' } end

local own, live, known, unheard = list[member], 0, true, false
local others = {}
for name, one in pairs(list) do
  local living = one.seq > 0 and now - one.seen <= leaseMs
  if living then live = live + 1 end
  if one.listed and not one.heard then unheard = true end
  if one.listed and name ~= member then others[#others + 1] = name end
  if living and name ~= member and one.view < own.joined then known = false end
end
local wait = 0
if graceMs > 0 then wait = math.max(0, (unheard and missingMs or graceMs) - now) end
local grace = wait
if wait == 0 and graceMs > 0 and missingMs > leaseMs and not known then grace = leaseMs end
local told = '-'
if graceMs > 0 and own.heard and own.view ~= ownView then
  told = table.concat(others, ' ')
end
local reply = { '0', ownEpoch, flag(not own.heard), told, text(wall), text(live), text(grace), text(ownView) }
local function seen(name) return list[name] and list[name].seen or (now - leaseMs - 1) end
local slots = {}

local function recall(entries, key)
  for other, entry in pairs(entries) do
    if other ~= member and entry[1] > 0 and (entry[1] > entry[2] or now - entry[4] > staleMs) then
      redis.call('SADD', KEYS[3] .. other, key)
      redis.call('PEXPIRE', KEYS[3] .. other, 600000)
    end
  end
end

for i = 4, (same or new or graceMs == 0) and #KEYS or 3 do
  local key, first = KEYS[i], 13 + (i - 4) * 9
  local kind = ARGV[first]
  local maximum, asked, used, askedStep, wanted, needed = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2]),
    tonumber(ARGV[first + 3]), tonumber(ARGV[first + 4]), tonumber(ARGV[first + 5]), tonumber(ARGV[first + 6])
  local givenBase, kept = tonumber(ARGV[first + 7]), tonumber(ARGV[first + 8])
  local base, entries, orphans, pending = nil, {}, {}, {}
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
      local held, s, t = string.match(value, '(%S+) (%S+) (%S+)')
      pending[owner] = { tonumber(held), tonumber(s), tonumber(t) }
    else
      local amount, ends = string.match(value, '(%S+) (%S+)')
      orphans[owner] = { tonumber(amount), tonumber(ends) }
    end
  end
  for owner, entry in pairs(entries) do
    local at = seen(owner)
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
  for owner, held in pairs(pending) do
    if owner ~= member and now - held[3] > leaseMs then
      pending[owner] = nil
      redis.call('HDEL', key, 'u:' .. owner)
      if base then
        base = base + held[2]
        redis.call('HSET', key, 'b', text(base))
      end
    end
  end
  local unknown = false
  if kind == 'period' then
    local known = base ~= nil and ((asked == 0 and used == 0) or entries[member] or orphans[member])
    unknown = not known and (givenBase == nil or (base == nil and wait > 0))
    if not unknown and base == nil then
      base = givenBase
      redis.call('HSET', key, 'b', text(base))
    end
  end
  if unknown then
    redis.call('HSET', key, 'u:' .. member,
      text(asked) .. ' ' .. text(math.min(askedStep, asked - used)) .. ' ' .. text(now))
    redis.call('PEXPIRE', key, kept)
    for _, part in ipairs({ '1', '0', '0', '0', '0', '0' }) do slots[#slots + 1] = part end
  else
    if pending[member] then
      pending[member] = nil
      redis.call('HDEL', key, 'u:' .. member)
    end
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
    local grantable = unallotted
    for _, held in pairs(pending) do grantable = grantable - held[1] end
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
reply[#reply + 1] = text(#recalled)
for _, key in ipairs(recalled) do reply[#reply + 1] = key end
for _, part in ipairs(slots) do reply[#reply + 1] = part end
return reply
`;
