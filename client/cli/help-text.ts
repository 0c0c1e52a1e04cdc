/** A help text with its sentences in rows of at most `columns`; what is indented (options, examples) stays as it is. */
export function wrapHelp(text: string, columns: number): string {
  const paragraphs: string[] = [];
  let isOpen = false;
  for (const line of text.split('\n')) {
    const isSentence = /^\S/.test(line) && !line.endsWith(':');
    if (isSentence && isOpen) paragraphs[paragraphs.length - 1] += ` ${line}`;
    else paragraphs.push(line);
    isOpen = isSentence;
  }
  return paragraphs.flatMap((line) => (/^\s/.test(line) ? [line] : wrapSentence(line, columns))).join('\n');
}

function wrapSentence(sentence: string, columns: number): string[] {
  const rows = [''];
  for (const word of sentence.split(' ')) {
    const row = rows.at(-1) ?? '';
    if (row === '') rows[rows.length - 1] = word;
    else if (row.length + 1 + word.length > columns) rows.push(word);
    else rows[rows.length - 1] = `${row} ${word}`;
  }
  return rows;
}
