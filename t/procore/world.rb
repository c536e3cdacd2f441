# The companies, projects, users and apps of the stand-in, read from
# world.json, which the tests read too.

require "json"
require "set"

module Procore
  Company = Struct.new(:id, :name, :active, :user_installs,
                       keyword_init: true)
  Project = Struct.new(:id, :name, :company, :active, keyword_init: true)
  User    = Struct.new(:id, :name, :login, :companies, :projects,
                       keyword_init: true)

  class World
    FIRST_CREATED_PROJECT = 900_000_001

    attr_reader :clients, :companies, :projects, :users

    def initialize(file)
      data = JSON.parse(File.read(file))

      @lock = Mutex.new
      @companies = {}
      @projects = {}
      @by_company = Hash.new { |hash, id| hash[id] = [] }
      @next_project = FIRST_CREATED_PROJECT

      data["companies"].each { |row| add_company(row) }
      @series = data["series"].transform_values { |row| add_series(row) }
      @users = data["users"].to_h { |row| [row["id"], user(row)] }
      @clients = data["clients"]
      @by_uid = @clients.values.to_h { |client| [client["id"], client] }
    end

    def client(uid)
      @by_uid[uid]
    end

    # A service account has no user: it acts for the companies of its app.
    def account(resource_owner_id, client_uid)
      return @users[resource_owner_id] if resource_owner_id

      client = client(client_uid)
      ids = client && client["service_companies"] || []
      User.new(id: nil, name: client && client["name"], login: nil,
               companies: ids, projects: nil)
    end

    def projects_of(company_id, account)
      @lock.synchronize { @by_company[company_id].dup }
           .select { |project| visible?(project, account) }
    end

    def visible?(project, account)
      account.companies.include?(project.company.id) &&
        (account.projects.nil? || account.projects.include?(project.id))
    end

    def create_project(company, name)
      @lock.synchronize do
        add_project(company, @next_project, name, true)
          .tap { @next_project += 1 }
      end
    end

    private

    def user(row)
      companies = row["companies"] + (@series[row["series"]] || [])
      User.new(id: row["id"], name: row["name"], login: row["login"],
               companies: companies, projects: row["projects"])
    end

    def add_company(row)
      company = Company.new(id: row["id"], name: row["name"],
                            active: row.fetch("active", true),
                            user_installs: row.fetch("user_installs", true))
      @companies[company.id] = company

      row["projects"].times do |i|
        id = row["first_project"] + i
        add_project(company, id, "#{row["name"]} site #{i + 1}",
                    !row.fetch("inactive", []).include?(id))
      end
    end

    def add_series(row)
      Array.new(row["count"]) do |i|
        add_company("id" => row["first"] + i,
                    "name" => format("%s %03d", row["name"], i + 1),
                    "first_project" => row["first_project"] + i,
                    "projects" => 1)
        row["first"] + i
      end
    end

    def add_project(company, id, name, active)
      project = Project.new(id: id, name: name, company: company,
                            active: active)
      @by_company[company.id] << project
      @projects[id] = project
    end
  end
end
