/** A preview picture: a presenter in front of a color that depends on the ID. */
export function picture(id: string, caption: string): string {
  const hue = [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180" width="640" height="360">
  <rect width="320" height="180" fill="hsl(${hue} 60% 45%)"/>
  <ellipse cx="160" cy="176" rx="80" ry="64" fill="#fff"/>
  <circle cx="160" cy="66" r="32" fill="#fde3cf"/>
  <text x="160" y="162" font-family="sans-serif" font-size="13" text-anchor="middle"
    fill="#222">${escapeXml(caption)}</text>
</svg>
`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => entities[character]);
