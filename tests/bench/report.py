"""What tools/bench measured, for people: a row of its table, the table of docs/performance.md, and docs/performance.svg."""
import math
import platform
import re
import time

STYLE = '''
    text { font: 13px sans-serif; fill: #1c2733; }
    .head { font-weight: bold; font-size: 15px; }
    .scale { fill: #4d5a67; }
    .grid { stroke: #9aa5b1; stroke-width: 1; opacity: .35; }
    .ours { stroke: #1f6fc4; fill: none; stroke-width: 2.5; }
    .other { stroke: #c2571a; fill: none; stroke-width: 2.5; }
    .limit { stroke: #6b7683; fill: none; stroke-width: 2; stroke-dasharray: 6 4; }
    circle.ours { fill: #1f6fc4; } circle.other { fill: #c2571a; }
    text.ours { fill: #1f6fc4; stroke: none; } text.other { fill: #c2571a; stroke: none; } text.limit { fill: #4d5a67; stroke: none; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e8eef5; }
      .scale, text.limit { fill: #aab6c2; }
      .ours { stroke: #6fb1f5; } .other { stroke: #f09a5e; } .limit { stroke: #97a3af; }
      circle.ours, text.ours { fill: #6fb1f5; } circle.other, text.other { fill: #f09a5e; }
    }
'''


def machine(cores, load, mbedtls, folder):
    model = platform.processor() or platform.machine()
    with open('/proc/cpuinfo') as info:
        found = re.search(r'model name\s*: (.*)', info.read())
    with open('/proc/mounts') as mounts:
        here = [line.split()[1:3] for line in mounts]
    kind = max((m for m in here if (str(folder) + '/').startswith(m[0].rstrip('/') + '/')), key=lambda m: len(m[0]), default=('', 'unknown'))[1]
    version = '.'.join(str(mbedtls >> shift & 0xFF) for shift in (24, 16, 8))
    return (f'{found.group(1) if found else model}, {cores} cores; Linux {platform.release()}, {kind}; mbedTLS {version}; '
            f'measured on {time.strftime("%Y-%m-%d", time.gmtime())}, with a load of {load:.1f} before it began')


def figure(value):
    if value is None:
        return ''
    digits = max(0, 3 - math.ceil(math.log10(abs(value)))) if value else 0
    return f'{value:,.{digits}f}'


def cells(row):
    target, ok = row['target'], row['ok']
    judged = row['value'] if row['ratio'] is None else row['ratio']
    sign = '≥' if (judged >= (target or 0)) == ok else '≤'  # the side that the target is on
    text = '' if target is None else f'{sign} {target:g} {"yes" if ok else "no"}'
    return row['name'], figure(row['value']), row['unit'], figure(row['limit']), figure(row['ratio']), text


def table(rows):
    lines = ['| what | value | limit | ratio | target |', '|---|---:|---:|---:|---|']
    for row in rows:
        name, value, unit, limit, ratio, target = cells(row)
        name = re.sub(r'^(\d+):', r'\1 stored:', name)
        name = re.sub(r'\d{4,}', lambda m: f'{int(m[0]):,}', name)
        lines.append(f'| {name} | {value} {unit} | {limit} | {ratio} | {target} |')
    return '\n'.join(lines)


class Panel:
    """A plot with its corner at x, y; at() says where a point of it lies, by functions from 0 to 1."""
    WIDTH, HEIGHT = 300, 230

    def __init__(self, x, y, across, up):
        self.x, self.y, self.across, self.up, self.out = x, y, across, up, []

    def at(self, a, b):
        return self.x + self.across(a) * self.WIDTH, self.y + (1 - self.up(b)) * self.HEIGHT

    def text(self, x, y, text, kind='', anchor='start'):
        self.out.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>')

    def scales(self, head, below, across, up):
        self.text(self.x - 40, self.y - 28, head, 'head')
        self.text(self.x + self.WIDTH / 2, self.y + self.HEIGHT + 42, below, 'scale', 'middle')
        for value, text in up:
            _, y = self.at(across[0][0], value)
            self.out.append(f'<path class="grid" d="M{self.x} {y:.1f}h{self.WIDTH}"/>')
            self.text(self.x - 8, y + 4, text, 'scale', 'end')
        for value, text in across:
            x, _ = self.at(value, up[0][0])
            self.text(x, self.y + self.HEIGHT + 20, text, 'scale', 'middle')

    def line(self, kind, points, label, rise):
        places = [self.at(*point) for point in points]
        self.out.append(f'<path class="{kind}" d="M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in places) + '"/>')
        if kind != 'limit':
            self.out += [f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places]
        self.text(places[-1][0], places[-1][1] + rise, label, kind, 'end')


def callers_panel(rows):
    found = sorted((int(r['name'].split()[1]), r['value'], r['limit']) for r in rows if r['name'].startswith('callers: '))
    limit = sum(f[2] for f in found) / len(found)
    top = math.ceil(1.1 * max(limit, max(f[1] for f in found)) / 1000) * 1000
    step = max(1, round(top / 6000)) * 1000
    panel = Panel(70, 60, lambda a: 0.04 + 0.92 * math.log2(a) / math.log2(found[-1][0]), lambda b: b / top)
    panel.scales('Durable certificates a second', 'callers at once', [(f[0], f[0]) for f in found],
                 [(v, f'{v:,}') for v in range(0, top + 1, step)])
    panel.line('limit', [(f[0], limit) for f in found], 'signing alone, all cores', -8)
    panel.line('ours', [f[:2] for f in found], 'libpca', 22)
    return panel


def cost_panel(rows):
    value = {r['name']: r['value'] for r in rows}
    counts = sorted(int(m[1]) for m in (re.match(r'openssl ca, (\d+) in its index', name) for name in value) if m)
    theirs = [(n, value[f'openssl ca, {n} in its index']) for n in counts]
    ours = [(n, value[f'{n}: one caller, one certificate' if n else 'one caller, one certificate']) for n in counts]
    least, most = (round_(math.log10(pick(p[1] for p in ours + theirs))) for round_, pick in ((math.floor, min), (math.ceil, max)))
    place = {n: i for i, n in enumerate(counts)}
    panel = Panel(480, 60, lambda a: 0.06 + 0.88 * place[a] / (len(counts) - 1), lambda b: (math.log10(b) - least) / (most - least))
    panel.scales('Milliseconds for one certificate', 'certificates stored', [(n, f'{n:,}') for n in counts],
                 [(10.0 ** e, f'{10.0 ** e:,.10g}') for e in range(least, most + 1)])
    panel.line('other', theirs, 'openssl ca', -12)
    panel.line('ours', ours, 'libpca', -12)
    return panel


def plot(rows):
    drawn = '\n  '.join(callers_panel(rows).out + cost_panel(rows).out)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 350" width="820" height="350" role="img" aria-labelledby="title">\n'
            f'  <title id="title">Left: durable certificates a second by the number of callers, beside what signing alone would do. '
            f'Right: milliseconds for one certificate by the number that are stored, libpca and openssl ca.</title>\n'
            f'  <style>{STYLE}  </style>\n  {drawn}\n</svg>\n')


def write(docs, rows, machine_line):
    page = docs / 'performance.md'
    begin, end = '<!-- tools/bench --docs: from here -->\n', '<!-- to here -->'
    before, rest = page.read_text().split(begin)
    page.write_text(f'{before}{begin}Machine: {machine_line}.\n\n{table(rows)}\n{end}{rest.split(end)[1]}')
    (docs / 'performance.svg').write_text(plot(rows))
