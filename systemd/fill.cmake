# Fills the paths in. Runs when the build is configured, for the tests, and again when it is
# installed, because `cmake --install --prefix` may name another place than the build was made for.
# Needs SOURCE, MADE and the GNUInstallDirs as they were given: BINDIR, LIBDIR, LIBEXECDIR, SYSCONFDIR.
function(full name dir)
    if(NOT IS_ABSOLUTE "${dir}")
        set(dir "${CMAKE_INSTALL_PREFIX}/${dir}")
    endif()
    set(${name} "${dir}" PARENT_SCOPE)
endfunction()

full(BIN "${BINDIR}")
full(LIB "${LIBDIR}")
full(LIBEXEC "${LIBEXECDIR}/dateline")
# A system-wide installation is configured in /etc, as the manual pages say.
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$")
    set(CONF /etc/dateline)
else()
    full(CONF "${SYSCONFDIR}/dateline")
endif()
set(STATE /var/lib) # StateDirectory= knows no other

foreach(name datelined.service dateline-worker@.service sysusers.conf tmpfiles.conf dateline.yaml)
    configure_file("${SOURCE}/${name}.in" "${MADE}/${name}" @ONLY)
endforeach()
