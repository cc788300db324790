// Markdown to HTML that cannot act: marked writes it, DOMPurify takes out everything that could run or load.
import DOMPurify from 'dompurify';
import { marked } from 'marked';

/** Pictures from other servers would tell them that the note is being read; the CSP refuses them as well. */
const OPTIONS = { FORBID_TAGS: ['style', 'form', 'input', 'iframe', 'img'], FORBID_ATTR: ['style'] };

export function markdownToHtml(text: string): string {
  const html = marked.parse(text, { async: false, gfm: true });
  return DOMPurify.sanitize(html, OPTIONS);
}
