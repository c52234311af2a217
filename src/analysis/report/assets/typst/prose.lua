-- Prose for typst: formulas get their source as text alternative, raw markup and outside files are left out.
local function quoted(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('%s+', ' ') .. '"'
end

function Math(m)
  local body = pandoc.write(pandoc.Pandoc{pandoc.Plain{m}}, 'typst'):gsub('%s+$', '')
  local block = m.mathtype == 'DisplayMath'
  return pandoc.RawInline('typst',
    '#math.equation(block: ' .. tostring(block) .. ', alt: ' .. quoted(m.text) .. ', ' .. body .. '.body)')
end

function RawInline(raw)
  if raw.format:match('html') and raw.text:match('^<br') then return pandoc.LineBreak() end
  return {}
end

function RawBlock() return {} end

function Image(image) return image.caption end

function Link(link)
  if link.target:match('^https?://') then return link end
  return link.content
end
