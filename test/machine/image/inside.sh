# Runs in the new root, as the last step of making the image: what mmdebstrap cannot say, and an initial RAM disk that
# holds only what leads to the root disk. Debian's own one would do as well and takes far longer to load when the
# processor is emulated; nothing that is tested here depends on it.
set -eu

echo machine >/etc/hostname
printf '127.0.0.1 localhost machine\n::1 localhost\n' >/etc/hosts
cat >/etc/fstab <<'END'
/dev/vda / ext4 errors=remount-ro 0 1
checkout /checkout 9p trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 0 0
END
mkdir -p /checkout
passwd -q -d root
# Nothing here may run by its own clock.
systemctl -q mask e2scrub_all.timer e2scrub_reap.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  fstrim.timer systemd-tmpfiles-clean.timer
# Modules and file systems that systemd loads in advance, and nothing here uses.
systemctl -q mask modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service \
  modprobe@fuse.service modprobe@loop.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount systemd-pstore.service
mkdir -p /etc/systemd/system/serial-getty@ttyS0.service.d
cat >/etc/systemd/system/serial-getty@ttyS0.service.d/login.conf <<'END'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --keep-baud 115200 - $TERM
END

kernel=$(ls /lib/modules)
top=$(mktemp -d)
mkdir -p "$top/bin" "$top/dev" "$top/proc" "$top/sys" "$top/root" "$top/modules"
cp /bin/busybox "$top/bin/busybox"
ln -s busybox "$top/bin/sh"
# In the order in which they have to be loaded.
for module in virtio_pci virtio_blk ext4 crc32c_generic; do
  modprobe --set-version "$kernel" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | awk '{ printf "%03d %s\n", NR, $0 }' |
  while read -r number file; do cp "$file" "$top/modules/$number-${file##*/}"; done
cat >"$top/init" <<'END'
#!/bin/sh
box=/bin/busybox
$box mount -t proc proc /proc
$box mount -t sysfs sysfs /sys
$box mount -t devtmpfs dev /dev
for module in /modules/*; do $box insmod "$module"; done
waited=0
while [ ! -b /dev/vda ] && [ $waited -lt 300 ]; do
  $box sleep 0.1
  waited=$((waited + 1))
done
$box mount -t ext4 -o ro /dev/vda /root || exec sh
$box mount --move /dev /root/dev
$box umount /proc /sys
exec $box switch_root /root /sbin/init
END
chmod +x "$top/init"
(cd "$top" && find . | cpio --quiet -o -H newc) >/boot/initrd
rm -r "$top"
mv "/boot/vmlinuz-$kernel" /boot/vmlinuz
