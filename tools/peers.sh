#!/bin/sh
# Programs that the tests with real peers talk to. Installed where the user is root on Debian; elsewhere those tests skip.
set -eu
wanted="openssl gnupg gpgsm sqop gosop rnp postfix swaks libnet-ssleay-perl libio-socket-ssl-perl msmtp libnss3-tools softhsm2 chromium libatomic1 poppler-utils gcc libc6-dev strace tesseract-ocr tesseract-ocr-spa clamav-daemon unbound slapd ldap-utils qpdf 7zip libarchive-tools unzip libjs-pdf"
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || { echo "peers: not root on Debian, tests of missing programs skip"; exit 0; }
missing=""
for one in $wanted; do
    dpkg-query -W -f='${Status}' "$one" 2>/dev/null | grep -q "install ok installed" || missing="$missing $one"
done
[ -n "$missing" ] || exit 0
echo "peers: installing$missing"
export DEBIAN_FRONTEND=noninteractive
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections || true
apt-get update -qq || echo "peers: the package list could not be fetched"
# shellcheck disable=SC2086 - a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null || echo "peers: not all could be installed, their tests skip"
