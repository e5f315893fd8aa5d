"""Answers the questions that questions.py puts on the standard input, one a line."""
import sys


def listed(field):
    return [] if field == '-' else field.split(',')


def serve(answers, refusals):
    """answers: a function for each kind of question, of its fields; refusals: the exceptions that refuse."""
    for line in sys.stdin:
        kind, *fields = line.rstrip('\n').split('\t')
        try:
            outcome, text = 'ok', answers[kind](*fields) or ''
        except refusals as e:
            outcome, text = 'refused', f'{type(e).__name__}: {e}'
        print(outcome, ' '.join(text.split()), sep='\t')
