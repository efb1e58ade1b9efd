/** Yes and no in short answers. */
import { describe, expect, it } from 'vitest';
import { parseBoolean } from '../../../../src/tasks/fields/boolean.js';

describe('parseBoolean', () => {
  it.each([
    'yes',
    'Yes',
    'YES.',
    'yes!',
    ' yes ',
    'y',
    'yeah',
    'ja',
    'Ja, natürlich',
    'oui',
    'sí',
    'si',
    'sì',
    'sim',
    'true',
    'True',
    'The statement is true.',
    '✓',
    '✔ paid',
    '☑',
    '✅',
    '[x]',
    '[X] smoker',
    'Yes, it is',
    'yes it is',
    'Answer: yes',
    'Paid: Yes',
    'paid = yes',
    'Yes. Yes.',
    '"yes"',
    'wahr',
    'checked',
  ])('takes %j for yes', (text) => {
    expect(parseBoolean(text)?.value).toBe(true);
  });

  it.each([
    'no',
    'No',
    'NO.',
    'n',
    'nope',
    'nein',
    'Nein, danke',
    'non',
    'não',
    'nao',
    'nee',
    'false',
    'False',
    'it is false',
    '✗',
    '✘',
    '❌',
    '☐',
    '[ ]',
    'No, it is closed',
    'no there is not',
    'Paid: no',
    'falsch',
    'unchecked',
  ])('takes %j for no', (text) => {
    expect(parseBoolean(text)?.value).toBe(false);
  });

  it.each([
    '',
    'maybe',
    'yes or no',
    'yes and no',
    'Yes, no',
    'not true',
    "isn't true",
    'true or false',
    'no parking',
    'non-smoking',
    'No. 5',
    'There is no sign',
    'know',
    'yesterday',
    '☒',
    '✓ ✗',
    '1',
    '0',
    'cat',
    'unanswerable',
    'yes '.repeat(2000),
  ])('takes %j for neither', (text) => {
    expect(parseBoolean(text)).toBeNull();
  });

  it('says which word it was', () => {
    expect(parseBoolean('Paid: Yes')).toEqual({ value: true, text: 'Yes' });
  });
});
