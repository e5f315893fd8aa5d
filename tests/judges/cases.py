"""Cases, printed as tests/cases.sh prints them."""
import sys


class Cases:
    def __init__(self):
        self.counts = {'PASSED': 0, 'SKIPPED': 0, 'FAILED': 0}

    def _say(self, outcome, tag, text):
        self.counts[outcome] += 1
        print(f'[{tag}] {text}', flush=True)

    def passed(self, name):
        self._say('PASSED', '       OK ', name)

    def failed(self, name, why):
        self._say('FAILED', '  FAILED  ', f'{name}: {why}')

    def skipped(self, name, why):
        self._say('SKIPPED', '  SKIPPED ', f'{name}: {why}')

    def summary(self):
        """The exit status: 0, 1 if a case failed or there was none, 77 if all were skipped."""
        print(f'[  PASSED  ] {self.counts["PASSED"]} test(s).')
        for outcome, tag in ('SKIPPED', '  SKIPPED '), ('FAILED', '  FAILED  '):
            if self.counts[outcome]:
                print(f'[{tag}] {self.counts[outcome]} test(s).')
        sys.stdout.flush()
        if self.counts['FAILED']:
            return 1
        return 0 if self.counts['PASSED'] else 77 if self.counts['SKIPPED'] else 1
