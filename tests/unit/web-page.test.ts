// HTML and SVG are told from other text by what they begin with, and only HTML pages have a view.
import { describe, expect, it } from 'vitest';
import { inspectFile } from '../../src/lib/formats/inspect.ts';
import { viewFile } from '../../src/lib/formats/view.ts';
import { bufferSource } from '../fixtures/sources.ts';

const inspect = (text: string, name: string) => inspectFile(bufferSource(Buffer.from(text)), name);

describe('web pages', () => {
  it.each([
    ['<!DOCTYPE html><title>x</title>', 'report.html', 'html'],
    ['\uFEFF<!-- made by MultiQC -->\n<html lang="en"><body>', 'report.html', 'html'],
    ['<?xml version="1.0"?>\n<!-- plot --><svg xmlns="http://www.w3.org/2000/svg"/>', 'plot.svg', 'svg'],
    ['<svg width="4"><script>1</script></svg>', 'plot.txt', 'svg'],
    ['<note><svg/></note>', 'note.xml', 'text'],
    ['the tag <html> is explained here', 'notes.txt', 'text'],
  ])('%j is %s', async (text, name, format) => {
    const found = await inspect(text, name);
    expect(found.format).toBe(format);
    expect(found.views).toEqual(format === 'html' ? { page: true } : null);
    expect(found.media?.type).toBe(format === 'svg' ? 'image/svg+xml' : undefined);
  });

  it('the text of a page is handed over as it is, in its encoding', async () => {
    const html = '<!doctype html><p>naïve</p><script>alert(1)</script>';
    const found = await viewFile(bufferSource(Buffer.from(html)), { kind: 'page' });
    expect(found).toEqual({ kind: 'page', html, more: false, read: Buffer.byteLength(html) });
    await expect(viewFile(bufferSource(new Uint8Array([0, 255, 0, 1])), { kind: 'page' })).rejects.toThrow(
      /it is no text/,
    );
  });
});
