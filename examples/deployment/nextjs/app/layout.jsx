export const metadata = { title: 'Captions' };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body style={{ font: '16px system-ui, sans-serif', maxWidth: 480, margin: '48px auto' }}>
        {children}
      </body>
    </html>
  );
}
