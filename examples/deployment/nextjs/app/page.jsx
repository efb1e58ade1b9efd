'use client';
import { useState } from 'react';

export default function Page() {
  const [picture, setPicture] = useState();
  const [caption, setCaption] = useState('');
  const [isBusy, setBusy] = useState(false);

  async function show(file) {
    if (!file) return;
    setPicture(URL.createObjectURL(file));
    setCaption('Looking …');
    setBusy(true);
    const body = new FormData();
    body.set('picture', file);
    try {
      const response = await fetch('/api/caption', { method: 'POST', body });
      const { text, message } = await response.json();
      setCaption(text ?? message);
    } catch {
      setCaption('The server does not respond.');
    }
    setBusy(false);
  }

  return (
    <main>
      <h1>What is in the picture?</h1>
      <input
        type="file"
        accept="image/*"
        aria-label="Picture"
        disabled={isBusy}
        onChange={(event) => show(event.target.files[0])}
      />
      {picture && (
        // biome-ignore lint/performance/noImgElement: the picture never is on the server, where next/image would resize it
        <img src={picture} alt="" style={{ display: 'block', width: '100%', marginTop: 24 }} />
      )}
      <p role="status">{caption}</p>
    </main>
  );
}
