# Runs when it is installed: fills in the paths of where it goes, and puts it there.
include("${SOURCE}/fill.cmake")

set(lib "${CMAKE_INSTALL_PREFIX}/lib")
file(INSTALL "${MADE}/datelined.service" "${MADE}/dateline-worker@.service" "${SOURCE}/dateline-workers.target"
    DESTINATION "${lib}/systemd/system")
file(INSTALL "${MADE}/sysusers.conf" DESTINATION "${lib}/sysusers.d" RENAME dateline.conf)
file(INSTALL "${MADE}/tmpfiles.conf" DESTINATION "${lib}/tmpfiles.d" RENAME dateline.conf)
# What an operator wrote stays.
if(NOT EXISTS "$ENV{DESTDIR}${CONF}/dateline.yaml")
    file(INSTALL "${MADE}/dateline.yaml" DESTINATION "${CONF}")
endif()
