import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Answers, with Java's PKIX, the questions that questions.py puts on the standard input, one a line. The property
 * judge.provider names the class of another provider that does all of it.
 */
public final class Judge {
    private static final Provider OTHER = other();
    private static final CertificateFactory FACTORY = factory();

    private static Provider other() {
        String name = System.getProperty("judge.provider");
        try {
            Provider p = name == null ? null : (Provider) Class.forName(name).getDeclaredConstructor().newInstance();
            if (p != null) {
                Security.addProvider(p);
            }
            return p;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static CertificateFactory factory() {
        try {
            return OTHER == null ? CertificateFactory.getInstance("X.509") : CertificateFactory.getInstance("X.509", OTHER);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Certificate certificate(String path) throws GeneralSecurityException, IOException {
        try (InputStream in = new FileInputStream(path)) {
            return (X509Certificate) FACTORY.generateCertificate(in);
        }
    }

    private static X509CRL crl(String path) throws GeneralSecurityException, IOException {
        try (InputStream in = new FileInputStream(path)) {
            return (X509CRL) FACTORY.generateCRL(in);
        }
    }

    private static List<String> list(String text) {
        return text.equals("-") ? List.of() : Arrays.asList(text.split(","));
    }

    private static PKIXBuilderParameters parameters(String root, String at, String crls) throws GeneralSecurityException, IOException {
        PKIXBuilderParameters p = new PKIXBuilderParameters(Set.of(new TrustAnchor(certificate(root), null)), new X509CertSelector());
        if (!at.equals("0")) {
            p.setDate(Date.from(Instant.ofEpochSecond(Long.parseLong(at))));
        }
        p.setRevocationEnabled(!crls.equals("-"));
        if (p.isRevocationEnabled()) {
            List<X509CRL> held = new ArrayList<>();
            for (String path : list(crls)) {
                held.add(crl(path));
            }
            p.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(held)));
            if (OTHER != null) {
                return p;
            }
            PKIXRevocationChecker checker = (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
            checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
            p.addCertPathChecker(checker);
        }
        return p;
    }

    /** A path of the other provider's to a certificate that has the purpose. */
    private static String path(String[] f) throws GeneralSecurityException, IOException {
        PKIXBuilderParameters p = parameters(f[2], f[5], f[6]);
        List<X509Certificate> chain = new ArrayList<>(List.of(certificate(f[0])));
        for (String path : list(f[1])) {
            chain.add(certificate(path));
        }
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(chain.get(0));
        target.setExtendedKeyUsage(Set.of(f[3].equals("server") ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2"));
        p.setTargetCertConstraints(target);
        p.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(chain)));
        CertPathBuilder.getInstance("PKIX", OTHER).build(p);
        return "";
    }

    /** leaf, subs, root, purpose, match, at, crls. */
    private static String verify(String[] f) throws GeneralSecurityException, IOException {
        if (OTHER != null) {
            return path(f);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(new CertPathTrustManagerParameters(parameters(f[2], f[5], f[6])));
        X509TrustManager manager = (X509TrustManager) factory.getTrustManagers()[0];
        List<X509Certificate> chain = new ArrayList<>(List.of(certificate(f[0])));
        for (String path : list(f[1])) {
            chain.add(certificate(path));
        }
        X509Certificate[] given = chain.toArray(new X509Certificate[0]);
        if (f[3].equals("server")) {
            manager.checkServerTrusted(given, "UNKNOWN");
        } else {
            manager.checkClientTrusted(given, "UNKNOWN");
        }
        return "";
    }

    /** certificate, issuer. */
    private static String issued(String[] f) throws GeneralSecurityException, IOException {
        X509Certificate c = certificate(f[0]);
        X509Certificate issuer = certificate(f[1]);
        if (!c.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
            throw new GeneralSecurityException("another issuer's name");
        }
        c.verify(issuer.getPublicKey());
        return "";
    }

    /** crl, issuer. */
    private static String crl(String[] f) throws GeneralSecurityException, IOException {
        X509CRL crl = crl(f[0]);
        X509Certificate issuer = certificate(f[1]);
        if (!crl.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
            throw new GeneralSecurityException("another issuer's name");
        }
        crl.verify(issuer.getPublicKey());
        return "";
    }

    /** InvalidityDate ::= GeneralizedTime, inside the extension's OCTET STRING. */
    private static String since(byte[] extension) {
        if (extension == null) {
            return "-";
        }
        String text = new String(extension, 4, extension.length - 4, StandardCharsets.US_ASCII);
        return Long.toString(LocalDateTime.parse(text, DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'")).toEpochSecond(ZoneOffset.UTC));
    }

    /** crl. */
    private static String entries(String[] f) throws GeneralSecurityException, IOException {
        Set<? extends X509CRLEntry> entries = crl(f[0]).getRevokedCertificates();
        List<String> all = new ArrayList<>();
        for (X509CRLEntry e : entries == null ? Set.<X509CRLEntry>of() : entries) {
            int reason = e.getRevocationReason() == null ? 0 : e.getRevocationReason().ordinal();
            all.add(e.getSerialNumber().toString(16) + ":" + reason + ":" + since(e.getExtensionValue("2.5.29.24")));
        }
        return String.join(",", all);
    }

    private static String read(String[] f) throws GeneralSecurityException, IOException {
        return (f[0].contains(".crl") ? crl(f[0]).toString() : certificate(f[0]).toString()).isEmpty() ? "empty" : "";
    }

    private static String answer(String[] f) throws GeneralSecurityException, IOException {
        String[] rest = Arrays.copyOfRange(f, 1, f.length);
        switch (f[0]) {
            case "verify": return verify(rest);
            case "issued": return issued(rest);
            case "crl": return crl(rest);
            case "entries": return entries(rest);
            case "serial": return certificate(rest[0]).getSerialNumber().toString(16);
            case "read": return read(rest);
            default: throw new IllegalArgumentException(f[0]);
        }
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                out.println("ok\t" + answer(line.split("\t")));
            } catch (GeneralSecurityException | IndexOutOfBoundsException | NullPointerException e) { // the latter on constraints that it cannot compare
                StringBuilder causes = new StringBuilder(e.toString());
                for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                    causes.append("; ").append(cause);
                }
                out.println("refused\t" + causes.toString().replace('\n', ' '));
            }
        }
        out.flush();
    }
}
