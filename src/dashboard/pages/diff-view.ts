/** What differs between two texts, line by line. */
import { lineDiff } from '../model/line-diff.ts'
import { h } from './dom.ts'

export function diffView(before: string, after: string): HTMLElement {
  return h(
    'pre',
    { class: 'diff', attributes: { 'aria-label': 'Changes', tabindex: '0', role: 'region' } },
    ...lineDiff(before, after).map(line =>
      line
        ? h(
            'span',
            { class: line.sign === '+' ? 'come' : line.sign === '-' ? 'gone' : '' },
            `${line.sign} ${line.text}\n`,
          )
        : h('span', { class: 'muted' }, '⋯\n'),
    ),
  )
}
