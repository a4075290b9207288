// Fetches by JavaMail what is in a mailbox: prints "SIZE UIDL" lines, writes files.
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.util.Properties;
import javax.mail.Flags;
import javax.mail.Folder;
import javax.mail.Message;
import javax.mail.Session;
import javax.mail.Store;

public class PopFetch {
  static String door(String name) { return System.getProperty("pop." + name); }

  static Properties settings(String protocol) throws Exception {
    Properties p = new Properties();
    String prefix = "mail." + protocol + ".";
    p.setProperty(prefix + "port", door("port"));
    p.setProperty(prefix + "timeout", "60000");
    p.setProperty(prefix + "apop.enable", door("apop").toLowerCase());
    p.setProperty(prefix + "starttls.enable", String.valueOf(door("tls").equals("stls")));
    p.setProperty(prefix + "starttls.required", String.valueOf(door("tls").equals("stls")));
    p.setProperty(prefix + "ssl.checkserveridentity", "true");
    if (!door("tls").isEmpty()) p.put(prefix + "ssl.socketFactory", trust(door("authority")));
    return p;
  }

  static javax.net.ssl.SSLSocketFactory trust(String file) throws Exception {
    java.security.KeyStore store = java.security.KeyStore.getInstance(java.security.KeyStore.getDefaultType());
    store.load(null, null);
    try (java.io.InputStream in = new java.io.FileInputStream(file)) {
      store.setCertificateEntry("authority", java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    var trusted = javax.net.ssl.TrustManagerFactory.getInstance(javax.net.ssl.TrustManagerFactory.getDefaultAlgorithm());
    trusted.init(store);
    var context = javax.net.ssl.SSLContext.getInstance("TLS");
    context.init(null, trusted.getTrustManagers(), null);
    return context.getSocketFactory();
  }

  public static void main(String[] arguments) throws Exception {
    String protocol = door("tls").equals("implicit") ? "pop3s" : "pop3";
    Store store = Session.getInstance(settings(protocol)).getStore(protocol);
    store.connect("localhost", door("user"), door("password"));
    Folder inbox = store.getFolder("INBOX");
    inbox.open(Folder.READ_WRITE);
    var uidls = inbox.getClass().getMethod("getUID", Message.class);
    int[] sizes = (int[]) inbox.getClass().getMethod("getSizes").invoke(inbox);
    for (Message message : inbox.getMessages()) {
      System.out.println(sizes[message.getMessageNumber() - 1] + " " + uidls.invoke(inbox, message));
      try (OutputStream out = new FileOutputStream(door("folder") + "/" + message.getMessageNumber())) {
        message.writeTo(out);
      }
      if (door("delete").equals("True")) message.setFlag(Flags.Flag.DELETED, true);
    }
    inbox.close(true);
    store.close();
  }
}
